/** What a new enrollment rule begins with, as it stands in the address: `?begin=group-4.activity-9`. */
import type { Id, Rule } from '$lib/api';
import type { TargetKey } from '../composer/draft.svelte';

export interface Beginning {
  group?: Id;
  /** Of whose people, direct and indirect. */
  manager?: Id;
  targets: TargetKey[];
}

export const BEGIN = 'begin';

export function beginningHref({ group, manager, targets }: Beginning): string {
  const parts = [
    ...(group === undefined ? [] : [`group-${group}`]),
    ...(manager === undefined ? [] : [`manager-${manager}`]),
    ...targets,
  ];
  return `/enrollment-rules/new${parts.length ? `?${BEGIN}=${parts.join('.')}` : ''}`;
}

/** What cannot be read in it is left out. */
export function readBeginning(text: string): Beginning {
  const beginning: Beginning = { targets: [] };
  for (const part of text.split('.')) {
    const [, name, id] = /^(group|manager|activity|session)-([1-9]\d{0,8})$/.exec(part) ?? [];
    if (name === 'group' || name === 'manager') beginning[name] = Number(id);
    else if (name) beginning.targets.push(part as TargetKey);
  }
  return beginning;
}

/** Whom it names so far; null where that is still to be said. */
export function ruleOf({ group, manager }: Beginning): Rule | null {
  if (group === undefined && manager === undefined) return null;
  const filters: Rule['blocks'][number]['filters'] =
    manager === undefined ? [] : [{ type: 'manager', op: 'in', managers: [manager], indirect: true }];
  const whose = group === undefined ? { groups: [], everyone: true } : { groups: [group], subgroups: true };
  return { blocks: [{ ...whose, filters }], include: [], exclude: [] };
}
