import { answer, client, toQuery, type Assignment, type Id, type Page, type QueryOf } from '$lib/api';

type PageQuery = { limit?: number; cursor?: string | null };

/** What is looked at: a group, for what it gives access to, or an activity, for the groups that are linked to it. */
export type Side = { group: Id } | { activity: Id };

export const assignments = (
  side: Side,
  query: PageQuery = {},
  signal?: AbortSignal,
): Promise<Page<Assignment>> =>
  'group' in side
    ? answer(
        client.GET('/api/v1/groups/{group_id}/assignments', {
          params: { path: { group_id: side.group }, query: toQuery(query) },
          signal,
        }),
      )
    : answer(
        client.GET('/api/v1/activities/{activity_id}/assignments', {
          params: { path: { activity_id: side.activity }, query: toQuery(query) },
          signal,
        }),
      );

export const grid = (query: QueryOf<'/api/v1/assignments/grid'> = {}, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/assignments/grid', {
      params: { query: toQuery<'/api/v1/assignments/grid'>(query) },
      signal,
    }),
  );
