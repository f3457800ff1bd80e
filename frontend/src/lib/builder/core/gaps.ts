/** What is still missing from a rule before anybody can be counted. */
import type { Filter, Rule } from '$lib/api';
import { missingIn } from './filters';
import { inherit } from './identity';
import { filtersOf, isNested, textOf } from './path';

export interface Gap {
  /** Like the server's: `rule.blocks[0].filters[1].values`. */
  path: string;
  missing: NonNullable<ReturnType<typeof missingIn>>;
}

/** Every gap of a rule from top to bottom. A rule with gaps is not counted: nothing left out may widen an audience. */
export function gapsOf(rule: Rule): Gap[] {
  const gaps: Gap[] = [];
  for (const [index, block] of rule.blocks.entries()) {
    if (block.groups.length === 0 && !block.everyone)
      gaps.push({ path: `rule.blocks[${index}].groups`, missing: 'groups' });
    for (const { path, filter } of filtersOf(block, index)) {
      const missing = missingIn(filter);
      if (missing) gaps.push({ path: `rule.${textOf(path)}.${missing}`, missing });
    }
  }
  return gaps;
}

/** Whether a filter, or any inside it, lacks something. */
export const isUnfinished = (filter: Filter): boolean =>
  missingIn(filter) !== null || (isNested(filter) && filter.of.some(isUnfinished));

/**
 * What of a rule can be counted meanwhile: to be shown as such, never to be saved. Lines keep their names; `null` where
 * nothing is finished.
 */
export function finishedPart(rule: Rule): Rule | null {
  const blocks = rule.blocks
    .filter((block) => block.groups.length > 0 || block.everyone)
    .map((block) => {
      const filters = block.filters.filter((filter) => !isUnfinished(filter));
      return filters.length === block.filters.length ? block : inherit(block, { ...block, filters });
    });
  return blocks.length === 0 && rule.include.length === 0 ? null : { ...rule, blocks };
}
