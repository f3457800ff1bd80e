import { api, type Id, type MemberRole } from '$lib/api';

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
