import { answer, client, type Change, type Consequences, type Id } from '$lib/api';
import type { ListedChange } from './parts';

/** What the changes would do together; nothing is written. */
export const askConsequences = (changes: Change[], signal?: AbortSignal): Promise<Consequences> =>
  answer(client.POST('/api/v1/consequences', { body: { changes }, signal }));

/** Does what was shown, as one run. 409 with the new consequences where the world has changed. */
export const applyConsequences = (changes: Change[], hash: string) =>
  answer(client.POST('/api/v1/consequences/apply', { body: { changes, hash } }));

/** The people behind a number, with why. */
export const consequencePeople = (
  changes: Change[],
  change: ListedChange,
  session_id: Id | null,
  page: { limit: number; cursor: string | null },
  signal?: AbortSignal,
) =>
  answer(
    client.POST('/api/v1/consequences/people', {
      body: { changes, change, ...(session_id === null ? {} : { session_id }), ...page },
      signal,
    }),
  );

/** The messages that would go out, in the order of time. */
export const consequenceMessages = (
  changes: Change[],
  page: { limit: number; cursor: string | null },
  signal?: AbortSignal,
) => answer(client.POST('/api/v1/consequences/messages', { body: { changes, ...page }, signal }));
export { undoRun } from '$lib/enrollment/calls';
