import { answer, client, toQuery, type EnrollmentRequest, type Id, type QueryOf } from '$lib/api';

export const proposals = (query: QueryOf<'/api/v1/proposals'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/proposals', { params: { query: toQuery<'/api/v1/proposals'>(query) }, signal }));
/** Asks whoever may do it; `session_id`: a session that the reader coaches or instructs. */
export const propose = (session_id: Id, body: EnrollmentRequest, message: string) =>
  answer(client.POST('/api/v1/proposals', { body: { session_id, body, message } }));

const one = (proposal_id: Id) => ({ params: { path: { proposal_id } } });
export const approve = (id: Id, hash: string) =>
  answer(client.POST('/api/v1/proposals/{proposal_id}/approve', { ...one(id), body: { hash } }));
export const decline = (id: Id, note: string) =>
  answer(client.POST('/api/v1/proposals/{proposal_id}/decline', { ...one(id), body: { note } }));
