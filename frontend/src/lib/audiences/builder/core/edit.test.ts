import { describe, expect, it } from 'vitest';
import type { Filter, Rule } from '$lib/api';
import {
  addBlock,
  addFilter,
  clearGroups,
  insertFilter,
  moveFilterAcross,
  withDefaults,
  copyBlock,
  editBlock,
  exclude,
  removePerson,
  include,
  moveBlock,
  moveFilter,
  removeBlock,
  removeFilter,
  replaceFilter,
  sameRule,
  setEveryone,
  toggleGroup,
  unwrapFilter,
  wrapFilter,
} from './edit';
import { keyOf } from './identity';
import { filterAt } from './path';

const language = (...values: string[]): Filter => ({ type: 'language', op: 'in', values });
const any = (...of: Filter[]): Filter => ({ type: 'any', of });
const rule = (...levels: Filter[][]): Rule => ({
  blocks: levels.map((filters, index) => ({ groups: [index + 1], filters })),
  include: [],
  exclude: [],
});
const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
};

describe('blocks', () => {
  const start = freeze(rule([language('en')], [language('fr')]));

  it('are added, removed, copied and moved without touching the old rule', () => {
    const added = addBlock(start, { groups: [9], filters: [] });
    expect(added.blocks.map((block) => block.groups)).toEqual([[1], [2], [9]]);
    expect(removeBlock(added, 1).blocks.map((block) => block.groups)).toEqual([[1], [9]]);
    expect(moveBlock(added, 2, 0).blocks.map((block) => block.groups)).toEqual([[9], [1], [2]]);
    const copied = copyBlock(start, 0);
    expect(copied.blocks[1]).toEqual(start.blocks[0]);
    expect(copied.blocks[1]).not.toBe(start.blocks[0]);
    expect(start.blocks).toHaveLength(2);
  });

  it('lose all their groups at once, and everyone with them', () => {
    const everyone = setEveryone(start, 1, true);
    expect(clearGroups(everyone, 1).blocks[1]).toEqual({ groups: [], filters: [language('fr')] });
    expect(clearGroups(start, 0).blocks[0]).toEqual({ groups: [], filters: [language('en')] });
  });

  it('take a filter back to where it stood', () => {
    const [first, second] = [language('en'), language('fr')];
    const gone = removeFilter(rule([first, second]), { block: 0, steps: [0] });
    expect(insertFilter(gone, { block: 0, steps: [] }, 0, first)).toEqual(rule([first, second]));
  });

  it('stay where they are when moved off the end', () => {
    expect(moveBlock(start, 1, 5)).toEqual(start);
    expect(moveBlock(start, 0, -1)).toEqual(start);
  });

  it('gain and lose groups', () => {
    const two = toggleGroup(start, 0, 7);
    expect(two.blocks[0]?.groups).toEqual([1, 7]);
    expect(toggleGroup(two, 0, 1).blocks[0]?.groups).toEqual([7]);
  });

  it('hold either groups or everyone', () => {
    const everyone = setEveryone(start, 0, true);
    expect(everyone.blocks[0]).toMatchObject({ groups: [], everyone: true });
    const grouped = toggleGroup(everyone, 0, 4);
    expect(grouped.blocks[0]?.groups).toEqual([4]);
    expect(grouped.blocks[0]).not.toHaveProperty('everyone');
  });

  it('keep their name through an edit, and a copy gets its own', () => {
    const key = keyOf(start.blocks[0]!);
    expect(keyOf(editBlock(start, 0, { subgroups: false }).blocks[0]!)).toBe(key);
    expect(keyOf(copyBlock(start, 0).blocks[1]!)).not.toBe(key);
  });
});

describe('filters', () => {
  const start = freeze(rule([language('en'), any(language('fr'), any(language('de')))], [language('it')]));
  const deep = { block: 0, steps: [1, 1, 0] };

  it('are found, replaced and removed at any depth', () => {
    expect(filterAt(start, deep)).toEqual(language('de'));
    const replaced = replaceFilter(start, deep, language('es'));
    expect(filterAt(replaced, deep)).toEqual(language('es'));
    expect(filterAt(removeFilter(start, deep), { block: 0, steps: [1, 1] })).toEqual(any());
    expect(filterAt(start, deep)).toEqual(language('de'));
  });

  it('keep the objects that an edit does not touch', () => {
    const replaced = replaceFilter(start, deep, language('es'));
    expect(replaced.blocks[1]).toBe(start.blocks[1]);
    expect(replaced.blocks[0]?.filters[0]).toBe(start.blocks[0]?.filters[0]);
  });

  it('keep their name when edited, as do those around them', () => {
    const replaced = replaceFilter(start, deep, language('es'));
    expect(keyOf(filterAt(replaced, deep)!)).toBe(keyOf(filterAt(start, deep)!));
    expect(keyOf(replaced.blocks[0]!.filters[1]!)).toBe(keyOf(start.blocks[0]!.filters[1]!));
  });

  it('are added to a block and inside others', () => {
    expect(addFilter(start, { block: 1, steps: [] }, language('pt')).blocks[1]?.filters).toHaveLength(2);
    const inside = addFilter(start, { block: 0, steps: [1] }, language('pt'));
    expect(filterAt(inside, { block: 0, steps: [1, 2] })).toEqual(language('pt'));
  });

  it('move within their level', () => {
    expect(moveFilter(start, { block: 0, steps: [0] }, 1).blocks[0]?.filters[1]).toBe(
      start.blocks[0]?.filters[0],
    );
    expect(moveFilter(start, { block: 0, steps: [0] }, 9).blocks[0]?.filters[1]).toBe(
      start.blocks[0]?.filters[0],
    );
  });

  it('are carried to another block and into others', () => {
    const carried = moveFilterAcross(start, deep, { block: 1, steps: [] }, 0);
    expect(carried.blocks[1]?.filters).toEqual([language('de'), language('it')]);
    expect(filterAt(carried, { block: 0, steps: [1, 1] })).toEqual(any());
    const inward = moveFilterAcross(start, { block: 0, steps: [0] }, { block: 0, steps: [1] }, 1);
    expect(inward.blocks[0]?.filters).toEqual([any(language('fr'), language('en'), any(language('de')))]);
  });

  it('carried down their own level land where they were dropped', () => {
    const flat = rule([language('a'), language('b'), language('c')]);
    const carried = moveFilterAcross(flat, { block: 0, steps: [0] }, { block: 0, steps: [] }, 2);
    expect(carried.blocks[0]?.filters).toEqual([language('b'), language('a'), language('c')]);
  });

  it('cannot be carried into themselves', () => {
    expect(moveFilterAcross(start, { block: 0, steps: [1] }, { block: 0, steps: [1, 1] }, 0)).toBe(start);
  });

  it('are wrapped and unwrapped', () => {
    const wrapped = wrapFilter(start, { block: 0, steps: [0] }, 'none');
    expect(wrapped.blocks[0]?.filters[0]).toEqual({ type: 'none', of: [language('en')] });
    expect(unwrapFilter(wrapped, { block: 0, steps: [0] })).toEqual(start);
    expect(unwrapFilter(start, { block: 0, steps: [1] }).blocks[0]?.filters).toHaveLength(3);
  });

  it('leave the rule alone when the place is not there', () => {
    expect(replaceFilter(start, { block: 7, steps: [0] }, language('x'))).toBe(start);
    expect(replaceFilter(start, { block: 0, steps: [9] }, language('x'))).toEqual(start);
    expect(moveFilterAcross(start, { block: 0, steps: [9] }, { block: 1, steps: [] }, 0)).toBe(start);
  });
});

describe('people', () => {
  it('are either picked or excluded, once', () => {
    const start = rule([]);
    const picked = include(start, [1, 2, 2]);
    expect(picked.include).toEqual([1, 2]);
    const moved = exclude(picked, [2]);
    expect(moved).toMatchObject({ include: [1], exclude: [2] });
    expect(include(moved, [2])).toMatchObject({ include: [1, 2], exclude: [] });
    expect(removePerson(moved, 'exclude', 2).exclude).toEqual([]);
  });
});

describe('sameRule', () => {
  it('ignores the order of keys and what is left out', () => {
    const wire = { blocks: [{ filters: [language('en')], groups: [1] }] };
    expect(sameRule(withDefaults(wire), rule([language('en')]))).toBe(true);
    expect(sameRule(withDefaults(wire), rule([language('fr')]))).toBe(false);
  });
});
