/** What the reader may not do themselves is asked of who may. */
import { isProblem, type EnrollmentConsequences, type EnrollmentRequest, type Id } from '$lib/api';
import * as learningCalls from '$lib/learning/calls';
import { me } from '$lib/access/me.svelte';
import { propose } from '../proposals/calls';

const FORBIDDEN = 403;
const LARGEST = 1000;

/** Whether what is asked for reaches beyond the reader's rights, as a whole or for some of the addresses. */
export function needsAnAdmin(error: unknown, found: EnrollmentConsequences | null): boolean {
  if (me.isAdmin || !me.is('group_admin', 'coach', 'instructor')) return false;
  return (isProblem(error) && error.status === FORBIDDEN) || (found?.addresses?.ask ?? 0) > 0;
}

/** Files the proposal under a session of theirs: one of those asked for, where there is one. */
export async function askAnAdmin(body: EnrollmentRequest, message: string): Promise<void> {
  const own = (await learningCalls.sessions({ mine: true, limit: LARGEST })).items;
  const asked = new Set<Id>(body.targets.flatMap(({ session_id }) => session_id ?? []));
  const about = own.find((session) => asked.has(session.id)) ?? own[0];
  // Who coaches no session is refused by the server, which says so.
  await propose(about?.id ?? [...asked][0] ?? 0, body, message);
}
