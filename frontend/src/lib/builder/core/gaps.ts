/** What is still missing from a rule before anybody can be counted. */
import type { Rule } from '$lib/api';
import { missingIn } from './filters';
import { filtersOf, textOf } from './path';

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
