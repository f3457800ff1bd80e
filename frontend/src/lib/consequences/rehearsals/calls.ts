import {
  answer,
  client,
  ifMatch,
  toQuery,
  type Change,
  type Id,
  type QueryOf,
  type Rehearsal,
} from '$lib/api';

export const rehearsals = (query: QueryOf<'/api/v1/rehearsals'> = {}, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/rehearsals', { params: { query: toQuery<'/api/v1/rehearsals'>(query) }, signal }),
  );
export const create = (name: string, changes: Change[]): Promise<Rehearsal> =>
  answer(client.POST('/api/v1/rehearsals', { body: { name, changes } }));

const one = (rehearsal_id: Id) => ({ params: { path: { rehearsal_id } } });
export const rehearsal = (id: Id, signal?: AbortSignal): Promise<Rehearsal> =>
  answer(client.GET('/api/v1/rehearsals/{rehearsal_id}', { ...one(id), signal }));
export const change = (id: Id, body: { name?: string; changes?: Change[] }, version: number) =>
  answer(client.PATCH('/api/v1/rehearsals/{rehearsal_id}', { ...one(id), body, headers: ifMatch(version) }));
export const remove = (id: Id) => answer(client.DELETE('/api/v1/rehearsals/{rehearsal_id}', one(id)));
/** What would follow now, beside what would have when somebody looked last. */
export const consequencesOf = (id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/rehearsals/{rehearsal_id}/consequences', { ...one(id), signal }));
/** Carries it out as it was shown under `hash`, as one run; 409 with the new consequences where they differ. */
export const apply = (id: Id, hash: string) =>
  answer(client.POST('/api/v1/rehearsals/{rehearsal_id}/apply', { ...one(id), body: { hash } }));

/** Puts further acts at the end of one. Whatever somebody else has changed meanwhile stays. */
export async function add(id: Id, changes: Change[]): Promise<Rehearsal> {
  const before = await rehearsal(id);
  return change(id, { changes: [...(before.changes ?? []), ...changes] }, before.version);
}
