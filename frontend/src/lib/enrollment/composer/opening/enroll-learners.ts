import { goto } from '$app/navigation';
import { queries } from '$lib/api/queries';
import type { Id } from '$lib/api';
import * as enrollmentCalls from '../../calls';
import { openComposer } from './open';

/** The methods of a session, as lists of them read them. */
export const methodsQuery = (session_id: Id) => ({
  queryKey: ['methods', session_id],
  queryFn: ({ signal }: { signal: AbortSignal }) => enrollmentCalls.methods(session_id, signal),
});

/** A session that has a method already gets no second one unasked: what is there is said first. The first one is made in the builder. */
export async function enrollLearners(session_id: Id): Promise<void> {
  const { items } = await queries.fetchQuery(methodsQuery(session_id));
  if (items.some((method) => !method.hand_picked)) openComposer({ sessions: [session_id] });
  else await goto(`/sessions/${session_id}/enroll`);
}
