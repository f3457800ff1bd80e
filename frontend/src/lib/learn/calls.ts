import { answer, client, type Id } from '$lib/api';

const step = (activity_id: Id, step_id: Id) => ({ params: { path: { activity_id, step_id } } });

export const catalog = (signal?: AbortSignal) => answer(client.GET('/api/v1/me/catalog', { signal }));
export const player = (activity_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/me/activities/{activity_id}', { params: { path: { activity_id } }, signal }));
export const startStep = (activity: Id, id: Id) =>
  answer(client.POST('/api/v1/activities/{activity_id}/steps/{step_id}/start', step(activity, id)));
export const completeStep = (activity: Id, id: Id) =>
  answer(
    client.POST('/api/v1/activities/{activity_id}/steps/{step_id}/complete', {
      ...step(activity, id),
      body: {},
    }),
  );
export const selfEnroll = (session_id: Id, key?: string) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/self-enroll', {
      params: { path: { session_id } },
      body: key ? { key } : {},
    }),
  );
