/** People to pick from: first whom the reader may enroll; whom they only see are marked, an admin enrolls them. */
import type { Id } from '$lib/api';
import { queries } from '$lib/api/queries';
import type { Option } from '$lib/design';
import { personName } from '$lib/format';
import * as groupsCalls from '$lib/groups/calls';
import { me } from '$lib/access/me.svelte';
import { m } from '$lib/paraglide/messages';
import * as peopleCalls from '$lib/people/calls';

const SHOWN = 30;
const LARGEST = 1000;

/** The groups whose members the reader enrolls; of admins it is not asked. */
export const ledGroups = (): Promise<ReadonlySet<Id>> =>
  queries.fetchQuery({
    queryKey: ['led-groups'],
    staleTime: 60_000,
    queryFn: async () =>
      new Set((await groupsCalls.groups({ mine: true, limit: LARGEST })).items.map((group) => group.id)),
  });

export async function loadPeopleToEnroll(team: boolean, q: string, signal: AbortSignal): Promise<Option[]> {
  const of = team && me.current ? { manager: me.current.learner.id, indirect: true } : {};
  const [found, led] = await Promise.all([
    peopleCalls.learners({ ...of, q, sort: 'name', limit: SHOWN }, signal),
    team || me.isAdmin ? null : ledGroups(),
  ]);
  return found.items.map((person) => {
    const own = led === null || person.groups.some((group) => led.has(group.id));
    return {
      value: String(person.id),
      label: personName(person),
      hint: own ? person.email : `${person.email} · ${m.composer_not_yours_person()}`,
      faded: !own,
    };
  });
}
