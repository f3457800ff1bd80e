import { answer, client } from '$lib/api';

/** What is stored and cannot be read. For platform admins. */
export const setAside = (query: { limit?: number; cursor?: string }, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/set-aside', { params: { query }, signal }));
