import {
  answer,
  client,
  toQuery,
  type GroupInput,
  type Id,
  type MembersRemoval,
  type QueryOf,
} from '$lib/api';

export const groups = (query: QueryOf<'/api/v1/groups'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/groups', { params: { query: toQuery<'/api/v1/groups'>(query) }, signal }));
export const group = (group_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/groups/{group_id}', { params: { path: { group_id } }, signal }));
export const createGroup = (body: GroupInput) => answer(client.POST('/api/v1/groups', { body }));

export const members = (
  group_id: Id,
  query: QueryOf<'/api/v1/groups/{group_id}/members'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/groups/{group_id}/members', {
      params: { path: { group_id }, query: toQuery<'/api/v1/groups/{group_id}/members'>(query) },
      signal,
    }),
  );
/** With `dry_run` nothing is written: the answer says what would become of enrollments, and what erasing takes. */
export const removeMembers = (group_id: Id, body: MembersRemoval) =>
  answer(client.POST('/api/v1/groups/{group_id}/members/remove', { params: { path: { group_id } }, body }));
