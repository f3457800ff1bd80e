import { answer, client, type Id } from '$lib/api';

const at = (enrollment_id: Id) => ({ params: { path: { enrollment_id } } });

/** How far somebody is, step by step, and when they were last reminded. */
export const progressOf = (enrollment: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/enrollments/{enrollment_id}/progress', { ...at(enrollment), signal }));
export const nudge = (enrollment: Id, note: string) =>
  answer(client.POST('/api/v1/enrollments/{enrollment_id}/nudge', { ...at(enrollment), body: { note } }));
