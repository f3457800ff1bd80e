/** The server's tree of reasons, which mirrors the rule, laid beside the rule it explains. */
import type { Day, ExplainNode, Filter, Rule } from '$lib/api';
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
  node: ExplainNode;
  inside: Reason[];
}

/** On `date` the answer becomes `becomes`, unless a fact changes first. */
export interface NextChange {
  date: Day;
  becomes: boolean;
}

type Nodes = ExplainNode[] | undefined;

export function reasonsOf(rule: Rule, tree: ExplainNode): Reason {
  const blocks = list(tree['blocks']);
  const inside = rule.blocks.map((block, index): Reason => {
    const target = `blocks[${index}]`;
    const node = blocks?.[index] ?? { matches: false };
    const groups = one(node['groups']);
    return {
      about: { kind: 'block', index },
      target,
      node,
      inside: [
        ...(groups
          ? [
              {
                about: { kind: 'groups' as const, index },
                target: `${target}.groups`,
                node: groups,
                inside: [],
              },
            ]
          : []),
        ...filters(block.filters, list(node['filters']), `${target}.filters`),
      ],
    };
  });
  for (const kind of ['include', 'exclude', 'status'] as const) {
    const node = one(tree[kind]);
    // Not having been picked keeps nobody out, and a status that counts is nearly everybody's: not worth a line.
    const tells = { include: node?.matches, exclude: rule.exclude.length > 0, status: !node?.matches }[kind];
    if (node && tells) inside.push({ about: { kind }, target: kind, node, inside: [] });
  }
  return { about: { kind: 'rule' }, target: '', node: tree, inside };
}

function filters(level: Filter[], nodes: Nodes, at: string): Reason[] {
  return level.flatMap((filter, index): Reason[] => {
    const node = nodes?.[index];
    if (!node) return [];
    const target = `${at}[${index}]`;
    const inside = isNested(filter) ? filters(filter.of, list(node['of']), `${target}.of`) : [];
    return [{ about: { kind: 'filter', filter }, target, node, inside }];
  });
}

const isNode = (value: unknown): value is ExplainNode =>
  typeof value === 'object' && value !== null && 'matches' in value;
const one = (value: unknown): ExplainNode | null => (isNode(value) ? value : null);
const list = (value: unknown): Nodes => (Array.isArray(value) ? (value as ExplainNode[]) : undefined);

/** On which day time alone turns the whole answer. */
export function nextChange(tree: ExplainNode): NextChange | null {
  const next = tree['next_change'];
  return typeof next === 'object' && next !== null && 'date' in next ? (next as unknown as NextChange) : null;
}
