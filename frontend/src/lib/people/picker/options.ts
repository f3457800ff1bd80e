/** People and groups to pick from, and names for those already picked. */
import type { GroupKind, Id } from '$lib/api';
import * as groupsCalls from '$lib/groups/calls';
import * as peopleCalls from '../calls';
import { queries } from '$lib/api/queries';
import type { LoadOptions, Option } from '$lib/design';
import { personName } from '$lib/format';
import { me } from '$lib/access/me.svelte';

const SHOWN = 30;

export async function loadPeople(q: string, signal: AbortSignal): Promise<Option[]> {
  const found = await peopleCalls.learners({ q, sort: 'name', limit: SHOWN }, signal);
  return found.items.map((person) => ({
    value: String(person.id),
    label: personName(person),
    hint: person.email,
  }));
}

export const loadGroups = (q: string, signal: AbortSignal): Promise<Option[]> => groupOptions(q, signal);

/** Groups of one kind alone. */
export const loadGroupsOf =
  (kind: GroupKind): LoadOptions =>
  (q, signal) =>
    groupOptions(q, signal, kind);

async function groupOptions(q: string, signal: AbortSignal, kind?: GroupKind): Promise<Option[]> {
  const mine = me.isAdmin ? undefined : true;
  const found = await groupsCalls.groups({ q, kind, mine, limit: SHOWN }, signal);
  const named = Map.groupBy(found.items, (group) => group.name);
  // Where several are called the same, what they are inside of tells them apart.
  const above = await Promise.all(
    found.items.map((group) =>
      (named.get(group.name)?.length ?? 0) > 1 && group.parent_id !== null
        ? groupName(group.parent_id)
        : undefined,
    ),
  );
  return found.items.map((group, index) => ({
    value: String(group.id),
    label: group.name,
    hint: above[index],
    color: group.color,
    count: group.total_count,
  }));
}

/** A group that is chosen already, as pickers show it. */
export async function groupOption(id: Id | string): Promise<Option> {
  try {
    const group = await queries.fetchQuery({
      queryKey: ['group', Number(id)],
      queryFn: () => groupsCalls.group(Number(id)),
    });
    return { value: String(id), label: group.name, color: group.color };
  } catch {
    return { value: String(id), label: `#${id}` };
  }
}

export const groupName = async (id: Id): Promise<string> => (await groupOption(id)).label;

export async function personLabel(id: Id): Promise<string> {
  try {
    return personName(
      await queries.fetchQuery({ queryKey: ['learner', id], queryFn: () => peopleCalls.learner(id) }),
    );
  } catch {
    return `#${id}`;
  }
}

export async function personLabels(ids: Id[]): Promise<Record<string, string>> {
  const names = await Promise.all(ids.map(async (id) => [String(id), await personLabel(id)] as const));
  return Object.fromEntries(names);
}
