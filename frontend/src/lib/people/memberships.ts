import { api, isProblem, type Id, type MemberRole } from '$lib/api';

/** Somebody in a group, and what they are there. */
export interface Membership {
  id: Id;
  role: MemberRole;
}

/** Puts people back into a group as what they were there. */
export async function joinAgain(group_id: Id, people: Membership[]): Promise<void> {
  for (const [role, some] of Map.groupBy(people, (one) => one.role))
    await api.addMembers(
      group_id,
      some.map((one) => one.id),
      role,
    );
}

/** Which of these people are in the group already, and as what. */
export async function membershipsIn(group_id: Id, ids: Id[]): Promise<Membership[]> {
  const people = await Promise.all(ids.map((id) => api.learner(id)));
  return people.flatMap(({ id, groups }) =>
    groups.filter((group) => group.id === group_id).map(({ role }) => ({ id, role })),
  );
}

/** Takes people out of a group and nothing else. */
export const takeOut = (group_id: Id, learner_ids: Id[]): Promise<unknown> =>
  api.removeMembers(group_id, { learner_ids, unlink: 'group_only' });

/** How many of those who were to join a group are not approved yet: the server names them, and adds nobody. */
export function pendingIn(error: unknown): number {
  if (!isProblem(error) || error.status !== 409) return 0;
  return (error.body as { pending_total?: number }).pending_total ?? 0;
}
