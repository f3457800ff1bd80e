/** Questions beside the rule, made of the rule itself. */
import type { Block, Filter, Rule } from '$lib/api';
import { isUnfinished } from './missing-values';
import { siblings, type FilterPath } from './path';

/** The most choices asked about at once: a rule holds so many blocks. */
export const MOST_CHOICES = 100;

/**
 * One rule that counts every choice of the filter at `path` in a single preview: a block per choice, each with the
 * block's groups and its other filters. Only for a filter that stands in the block itself.
 */
export function choiceRule(rule: Rule, path: FilterPath, choices: Filter[]): Rule | null {
  const block = rule.blocks[path.block];
  const own = path.steps[0];
  if (!block || own === undefined || path.steps.length !== 1) return null;
  if (block.groups.length === 0 && !block.everyone) return null;
  const others = (siblings(rule, { block: path.block, steps: [] }) ?? []).filter((_, at) => at !== own);
  // What is not finished cannot be counted, and leaving it out would count too many.
  if (others.some((filter) => isUnfinished(filter))) return null;
  const blocks: Block[] = choices
    .slice(0, MOST_CHOICES)
    .map((choice) => ({ ...block, filters: [...others, choice] }));
  return { blocks, include: [], exclude: rule.exclude };
}
