import { answer, client, toQuery, type Id, type QueryOf } from '$lib/api';

export const qualifications = (query: QueryOf<'/api/v1/qualifications'> = {}, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/qualifications', {
      params: { query: toQuery<'/api/v1/qualifications'>(query) },
      signal,
    }),
  );
export const requirements = (group_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/groups/{group_id}/requirements', { params: { path: { group_id } }, signal }));
