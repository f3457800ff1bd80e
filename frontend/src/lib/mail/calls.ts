import { answer, client, toQuery, type Id, type QueryOf } from '$lib/api';

export const outbox = (query: QueryOf<'/api/v1/outbox'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/outbox', { params: { query: toQuery<'/api/v1/outbox'>(query) }, signal }));
export const message = (message_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/outbox/{message_id}', { params: { path: { message_id } }, signal }));
/** Without a mail server: where somebody who was invited chooses a password. It is noted who asked. */
export const revealInvitation = (message_id: Id) =>
  answer(client.POST('/api/v1/outbox/{message_id}/invitation', { params: { path: { message_id } } }));
