/** What is still missing from a rule before anybody can be counted. */
import type { Block, Filter, Rule } from '$lib/api';
import { missingIn } from '../filters/filter-type';
import { keepKey } from './identity';
import { filtersOf, isNested, textOf } from './path';

export interface MissingValue {
  /** Like the server's: `rule.blocks[0].filters[1].values`. */
  path: string;
  missing: string;
}

/** Every gap of a rule from top to bottom. A rule with gaps is not counted: nothing left out may widen an audience. */
export function missingValues(rule: Rule): MissingValue[] {
  const gaps: MissingValue[] = [];
  for (const [index, block] of rule.blocks.entries()) {
    if (!isBegun(block)) gaps.push({ path: `rule.blocks[${index}].groups`, missing: 'groups' });
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

/** Whether a block says whose people its filters are about. */
export const isBegun = (block: Block): boolean => block.groups.length > 0 || block.everyone === true;

export const isUnfinishedBlock = (block: Block): boolean =>
  !isBegun(block) || block.filters.some(isUnfinished);

/**
 * What of a rule can be counted meanwhile: to be shown as such, never to be saved. Lines keep their names; `null` where
 * nothing is finished.
 */
export function finishedPart(rule: Rule): Rule | null {
  const blocks = rule.blocks.filter(isBegun).map((block) => {
    const filters = block.filters.filter((filter) => !isUnfinished(filter));
    return filters.length === block.filters.length ? block : keepKey(block, { ...block, filters });
  });
  return blocks.length === 0 && rule.include.length === 0 ? null : { ...rule, blocks };
}
