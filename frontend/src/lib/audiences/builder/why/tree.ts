/** The server's tree of reasons, which mirrors the rule, laid beside the rule it explains. */
import type { ExplainBlock, ExplainNode, ExplainTree, Filter, NextChange, Rule } from '$lib/api';
import { isNested } from '../core';

export interface Reason {
  /** What this line is about; groups stand for those of a block. */
  about:
    | { kind: 'rule' }
    | { kind: 'block'; index: number }
    | { kind: 'groups'; index: number }
    | { kind: 'filter'; filter: Filter }
    | { kind: 'status' }
    | { kind: 'include' }
    | { kind: 'exclude' };
  target: string;
  node: ExplainedPart;
  inside: Reason[];
}

/** What the server says of one part. `matches` is null where it tells nothing: the part is sealed. */
export interface ExplainedPart {
  matches: boolean | null;
  actual?: string | null;
  since?: string | null;
  next_change?: NextChange | null;
}

const NOT_TOLD: ExplainBlock = { matches: null, groups: null, filters: [] };

export function reasonsOf(rule: Rule, tree: ExplainTree): Reason {
  const inside = rule.blocks.map((block, index): Reason => {
    const target = `blocks[${index}]`;
    const node = tree.blocks[index] ?? NOT_TOLD;
    const groups: Reason[] = node.groups
      ? [{ about: { kind: 'groups', index }, target: `${target}.groups`, node: node.groups, inside: [] }]
      : [];
    return {
      about: { kind: 'block', index },
      target,
      node,
      inside: [...groups, ...filters(block.filters, node.filters, `${target}.filters`)],
    };
  });
  for (const kind of ['include', 'exclude', 'status'] as const) {
    const node = tree[kind];
    // Not having been picked keeps nobody out, and a status that counts is nearly everybody's: not worth a line.
    const tells = { include: node.matches, exclude: rule.exclude.length > 0, status: !node.matches }[kind];
    if (tells) inside.push({ about: { kind }, target: kind, node, inside: [] });
  }
  return { about: { kind: 'rule' }, target: '', node: tree, inside };
}

function filters(level: Filter[], nodes: ExplainNode[], at: string): Reason[] {
  return level.flatMap((filter, index): Reason[] => {
    const node = nodes[index];
    if (!node) return [];
    const target = `${at}[${index}]`;
    const inside = isNested(filter) ? filters(filter.of, node.of ?? [], `${target}.of`) : [];
    return [{ about: { kind: 'filter', filter }, target, node, inside }];
  });
}
