/** People and groups to pick from, and names for those already picked. */
import { api, type Id } from '$lib/api';
import { queries } from '$lib/api/queries';
import type { Option } from '$lib/design';
import { personName } from '$lib/format';
import { me } from '$lib/me/me.svelte';

const SHOWN = 30;

export async function loadPeople(q: string, signal: AbortSignal): Promise<Option[]> {
  const found = await api.learners({ q, sort: 'name', limit: SHOWN }, signal);
  return found.items.map((person) => ({
    value: String(person.id),
    label: personName(person),
    hint: person.email,
  }));
}

export async function loadGroups(q: string, signal: AbortSignal): Promise<Option[]> {
  const found = await api.groups({ q, mine: me.isAdmin ? undefined : true, limit: SHOWN }, signal);
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

export async function groupName(id: Id): Promise<string> {
  try {
    return (await queries.fetchQuery({ queryKey: ['group', id], queryFn: () => api.group(id) })).name;
  } catch {
    return `#${id}`;
  }
}

export async function personLabel(id: Id): Promise<string> {
  try {
    return personName(
      await queries.fetchQuery({ queryKey: ['learner', id], queryFn: () => api.learner(id) }),
    );
  } catch {
    return `#${id}`;
  }
}

export async function personLabels(ids: Id[]): Promise<Record<string, string>> {
  const names = await Promise.all(ids.map(async (id) => [String(id), await personLabel(id)] as const));
  return Object.fromEntries(names);
}
