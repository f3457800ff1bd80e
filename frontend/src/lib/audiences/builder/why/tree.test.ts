import { describe, expect, it } from 'vitest';
import type { ExplainTree, Rule } from '$lib/api';
import { reasonsOf } from './tree';

const rule: Rule = {
  blocks: [
    {
      groups: [1],
      filters: [
        { type: 'language', op: 'in', values: ['fr'] },
        { type: 'any', of: [{ type: 'added', op: 'last_days', values: [30] }] },
      ],
    },
  ],
  include: [],
  exclude: [9],
};
const tree: ExplainTree = {
  matches: true,
  status: { matches: true, actual: 'active' },
  blocks: [
    {
      matches: true,
      groups: { matches: true, actual: 'Sales' },
      filters: [
        { matches: true, actual: 'French' },
        { matches: true, of: [{ matches: true, next_change: { date: '2026-12-03', becomes: false } }] },
      ],
    },
  ],
  include: { matches: false },
  exclude: { matches: false },
  next_change: { date: '2026-12-03', becomes: false },
};

describe('the tree of reasons', () => {
  it('lies beside the rule, part by part', () => {
    const reasons = reasonsOf(rule, tree);
    expect(reasons.inside.map((reason) => reason.target)).toEqual(['blocks[0]', 'exclude']);
    const block = reasons.inside[0]!;
    expect(block.inside.map((reason) => reason.target)).toEqual([
      'blocks[0].groups',
      'blocks[0].filters[0]',
      'blocks[0].filters[1]',
    ]);
    expect(block.inside[2]?.inside[0]?.target).toBe('blocks[0].filters[1].of[0]');
  });

  it('speaks of the status only when it keeps someone out', () => {
    const out = { ...tree, status: { matches: false, actual: 'suspended' } };
    expect(reasonsOf(rule, out).inside.map((reason) => reason.about.kind)).toContain('status');
  });

  it('knows the day on which time alone turns the answer', () => {
    expect(reasonsOf(rule, tree).node.next_change).toEqual({ date: '2026-12-03', becomes: false });
  });

  it('leaves out what the server does not explain', () => {
    const block = { matches: null, groups: null, filters: [], sealed: true };
    const sealed = { ...tree, matches: false, blocks: [block] };
    expect(reasonsOf(rule, sealed).inside[0]?.inside).toEqual([]);
  });
});
