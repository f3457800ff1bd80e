import { describe, expect, it } from 'vitest';
import type { Group } from '$lib/api';
import { linesOf, pathTo } from './tree';

function group(id: number, name: string, parent_id: number | null): Group {
  return {
    id,
    name,
    parent_id,
    kind: 'group',
    description: '',
    color: null,
    private: false,
    external_id: null,
    member_count: 0,
    total_count: 0,
    ends_at: null,
    after_end: 'freeze',
    ended: false,
    version: 1,
  };
}

const GROUPS = [
  group(1, 'Acme', null),
  group(2, 'Sales', 1),
  group(3, 'Paris', 2),
  group(4, 'Support', 1),
  group(5, 'Orphan', 99),
];
const names = (open: number[], query = '') =>
  linesOf(GROUPS, new Set(open), query).map((line) => line.group.name);

describe('the tree of groups', () => {
  it('draws what is inside open groups, by name', () => {
    expect(names([])).toEqual(['Acme', 'Orphan']);
    expect(names([1])).toEqual(['Acme', 'Sales', 'Support', 'Orphan']);
    expect(names([1, 2])).toEqual(['Acme', 'Sales', 'Paris', 'Support', 'Orphan']);
  });

  it('shows what a search finds and what that is inside of', () => {
    expect(names([], 'PÂRIS')).toEqual(['Acme', 'Sales', 'Paris']);
    expect(names([], 'nowhere')).toEqual([]);
  });

  it('knows depth and whether something is inside', () => {
    const [acme, sales] = linesOf(GROUPS, new Set([1]), '');
    expect(acme).toMatchObject({ depth: 0, hasChildren: true, isOpen: true });
    expect(sales).toMatchObject({ depth: 1, hasChildren: true, isOpen: false });
  });

  it('says what a group is inside of', () => {
    expect(pathTo(GROUPS, 3).map((one) => one.name)).toEqual(['Acme', 'Sales', 'Paris']);
    expect(pathTo(GROUPS, 42)).toEqual([]);
  });
});
