import { isProblem, type Id, type MemberRole } from '$lib/api';

/** Somebody in a group, and what they are there. */
export interface Membership {
  id: Id;
  role: MemberRole;
}

/** How many of those who were to join a group are not approved yet: the server names them, and adds nobody. */
export function pendingIn(error: unknown): number {
  if (!isProblem(error) || error.status !== 409) return 0;
  return (error.body as { pending_total?: number }).pending_total ?? 0;
}
