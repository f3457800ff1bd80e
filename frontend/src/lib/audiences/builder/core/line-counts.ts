/** Which number belongs to which line, also while the rule on screen is already a keystroke ahead of the counts. */
import type { Block, BlockCounts, Filter, Preview, Rule } from '$lib/api';
import { keyOf } from './identity';

export interface FilterCount {
  remaining: number;
  without: number;
  /** The block's own total, and how many its groups hold before any filter. */
  total: number;
  groups_total: number;
}

export interface CountsByLine {
  preview: Preview;
  block(block: Block): BlockCounts | undefined;
  filter(filter: Filter): FilterCount | undefined;
}

/**
 * `preview` counted `rule`. Lines are found by the name that survives an edit: every line keeps its last number until
 * the next count, and one that was just added has none yet.
 */
export function countsByLine(rule: Rule, preview: Preview): CountsByLine {
  const blocks = new Map<string, BlockCounts>();
  const filters = new Map<string, FilterCount>();
  for (const [index, block] of rule.blocks.entries()) {
    const counts = preview.blocks[index];
    if (!counts) continue;
    blocks.set(keyOf(block), counts);
    for (const [at, filter] of block.filters.entries()) {
      const one = counts.filters[at];
      if (!one || counts.total === null || counts.groups_total === null) continue;
      filters.set(keyOf(filter), { ...one, total: counts.total, groups_total: counts.groups_total });
    }
  }
  return {
    preview,
    block: (block) => blocks.get(keyOf(block)),
    filter: (filter) => filters.get(keyOf(filter)),
  };
}

/** People a filter costs: how many more the block would hold without it. */
export function peopleCost(count: FilterCount): number {
  return count.without - count.total;
}
