/** Edits of a rule. Each takes a rule and gives a new one; what was not touched stays the same object. */
import type { Block, Filter, Id, NestedFilter, Ref, Rule, WireRule } from '$lib/api';
import { filterTypeOf } from '../filters/filter-type';
import { keepKey } from './identity';
import { combined } from '../filters/nested/combining';
import { filterAt, isNested, parentOf, siblings, type FilterPath } from './path';

export const EMPTY_RULE: Rule = { blocks: [], include: [], exclude: [] };

/** Fills in what the wire may leave out, so that the rest of the builder need not ask. */
export function withDefaults(rule: WireRule | null | undefined): Rule {
  return {
    blocks: (rule?.blocks ?? []).map((block) => ({
      ...block,
      groups: block.groups ?? [],
      filters: completed(block.filters ?? []),
    })),
    include: rule?.include ?? [],
    exclude: rule?.exclude ?? [],
  };
}

function completed(filters: NonNullable<NonNullable<WireRule['blocks']>[number]['filters']>): Filter[] {
  return filters.map((filter): Filter => {
    if ('of' in filter) return { ...filter, of: completed(filter.of) };
    const given = filter as Filter;
    return filterTypeOf(given)?.withDefaults?.(given) ?? given;
  });
}

/** Everybody who is in one segment. */
export const keepsToSegment = (segment: Id): Rule => ({
  ...EMPTY_RULE,
  blocks: [{ groups: [], everyone: true, filters: [{ type: 'segment', op: 'in', segments: [segment] }] }],
});

// Blocks

export function addBlock(rule: Rule, block: Block): Rule {
  return { ...rule, blocks: [...rule.blocks, block] };
}

export function editBlock(rule: Rule, index: number, change: Partial<Block>): Rule {
  const block = rule.blocks[index];
  if (!block) return rule;
  return { ...rule, blocks: rule.blocks.with(index, keepKey(block, { ...block, ...change })) };
}

export function removeBlock(rule: Rule, index: number): Rule {
  return { ...rule, blocks: rule.blocks.filter((_, at) => at !== index) };
}

export function copyBlock(rule: Rule, index: number): Rule {
  const block = rule.blocks[index];
  if (!block) return rule;
  return { ...rule, blocks: rule.blocks.toSpliced(index + 1, 0, structuredClone(block)) };
}

export function moveBlock(rule: Rule, from: number, to: number): Rule {
  return { ...rule, blocks: moved(rule.blocks, from, to) };
}

/** Adds or drops a group of a block; a block of everyone becomes one of that group. */
export function toggleGroup(rule: Rule, index: number, group: Ref): Rule {
  const block = rule.blocks[index];
  if (!block) return rule;
  const groups = block.groups.includes(group)
    ? block.groups.filter((other) => other !== group)
    : [...block.groups, group];
  const { everyone: _, ...rest } = block;
  return editBlockWhole(rule, index, { ...rest, groups });
}

/** Drops every group of a block, which then says that it wants one. */
export function clearGroups(rule: Rule, index: number): Rule {
  const block = rule.blocks[index];
  if (!block) return rule;
  const { everyone: _, ...rest } = block;
  return editBlockWhole(rule, index, { ...rest, groups: [] });
}

export function setEveryone(rule: Rule, index: number, everyone: boolean): Rule {
  const block = rule.blocks[index];
  if (!block) return rule;
  const { everyone: _, ...rest } = block;
  return editBlockWhole(rule, index, everyone ? { ...rest, groups: [], everyone: true } : rest);
}

function editBlockWhole(rule: Rule, index: number, next: Block): Rule {
  const block = rule.blocks[index];
  return block ? { ...rule, blocks: rule.blocks.with(index, keepKey(block, next)) } : rule;
}

// Filters

/** Replaces the filters of one level; the containers on the way are copied and keep their names. */
function withSiblings(rule: Rule, parent: FilterPath, change: (level: Filter[]) => Filter[]): Rule {
  const block = rule.blocks[parent.block];
  if (!block) return rule;
  const deep = (level: Filter[], steps: number[]): Filter[] => {
    const [step, ...rest] = steps;
    if (step === undefined) return change(level);
    const holder = level[step];
    if (!holder || !isNested(holder)) return level;
    return level.with(step, keepKey(holder, { ...holder, of: deep(holder.of, rest) }));
  };
  return editBlock(rule, parent.block, { filters: deep(block.filters, parent.steps) });
}

/** Adds at the end of the level that `parent` opens. */
export function addFilter(rule: Rule, parent: FilterPath, filter: Filter): Rule {
  return withSiblings(rule, parent, (level) => [...level, filter]);
}

/** Puts a filter at place `index` of the level that `parent` opens, or at its end where it has become shorter. */
export function insertFilter(rule: Rule, parent: FilterPath, index: number, filter: Filter): Rule {
  return withSiblings(rule, parent, (level) => level.toSpliced(index, 0, filter));
}

export function replaceFilter(rule: Rule, path: FilterPath, next: Filter): Rule {
  const last = path.steps.at(-1);
  if (last === undefined) return rule;
  return withSiblings(rule, parentOf(path), (level) => {
    const old = level[last];
    return old ? level.with(last, keepKey(old, next)) : level;
  });
}

export function removeFilter(rule: Rule, path: FilterPath): Rule {
  const last = path.steps.at(-1);
  return withSiblings(rule, parentOf(path), (level) => level.filter((_, at) => at !== last));
}

/** Moves a filter within its level. */
export function moveFilter(rule: Rule, path: FilterPath, to: number): Rule {
  const from = path.steps.at(-1);
  if (from === undefined) return rule;
  return withSiblings(rule, parentOf(path), (level) => moved(level, from, to));
}

/**
 * Moves a filter to place `index` of another level, also of another block. A filter cannot be moved into itself; then
 * the rule stays as it is.
 */
export function moveFilterAcross(rule: Rule, path: FilterPath, parent: FilterPath, index: number): Rule {
  const filter = filterAt(rule, path);
  const from = path.steps.at(-1);
  if (!filter || from === undefined || isInside(parent, path)) return rule;
  const source = parentOf(path);
  if (source.block === parent.block && source.steps.join() === parent.steps.join())
    return moveFilter(rule, path, index > from ? index - 1 : index);
  if (!siblings(rule, parent)) return rule;
  const target = afterRemoval(parent, path);
  return withSiblings(removeFilter(rule, path), target, (level) => level.toSpliced(index, 0, filter));
}

/** Puts a filter into a new nested one of its own. */
export function wrapFilter(rule: Rule, path: FilterPath, type: NestedFilter['type']): Rule {
  const filter = filterAt(rule, path);
  const last = path.steps.at(-1);
  if (!filter || last === undefined) return rule;
  return withSiblings(rule, parentOf(path), (level) => level.with(last, combined(type, [filter])));
}

/** Puts the filters inside a nested one in its place. */
export function unwrapFilter(rule: Rule, path: FilterPath): Rule {
  const filter = filterAt(rule, path);
  const last = path.steps.at(-1);
  if (!filter || last === undefined || !isNested(filter)) return rule;
  return withSiblings(rule, parentOf(path), (level) => level.toSpliced(last, 1, ...filter.of));
}

/** How deep a filter stands: 1 in a block itself. */
export function depthOf(filter: Filter): number {
  return isNested(filter) ? 1 + Math.max(0, ...filter.of.map(depthOf)) : 1;
}

// People

export function include(rule: Rule, ids: Id[]): Rule {
  const added = new Set(ids);
  return {
    ...rule,
    include: union(rule.include, ids),
    exclude: rule.exclude.filter((id) => !added.has(id)),
  };
}

export function exclude(rule: Rule, ids: Id[]): Rule {
  const added = new Set(ids);
  return {
    ...rule,
    exclude: union(rule.exclude, ids),
    include: rule.include.filter((id) => !added.has(id)),
  };
}

export function removePerson(rule: Rule, list: 'include' | 'exclude', id: Id): Rule {
  return { ...rule, [list]: rule[list].filter((other) => other !== id) };
}

/** Whether two rules say the same; the order of keys and left-out defaults do not matter. */
export function sameRule(a: Rule, b: Rule): boolean {
  return a === b || canonical(withDefaults(a)) === canonical(withDefaults(b));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    const entries = Object.entries(part).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

function union(ids: Id[], more: Id[]): Id[] {
  return [...new Set([...ids, ...more])];
}

function moved<T>(items: T[], from: number, to: number): T[] {
  const item = items[from];
  const place = Math.min(Math.max(0, to), items.length - 1);
  if (item === undefined || place === from) return items;
  return items.toSpliced(from, 1).toSpliced(place, 0, item);
}

function isInside(parent: FilterPath, path: FilterPath): boolean {
  return parent.block === path.block && path.steps.every((step, index) => parent.steps[index] === step);
}

/** Where `parent` is once the filter at `path` has gone: a holder further down its level moves up by one. */
function afterRemoval(parent: FilterPath, path: FilterPath): FilterPath {
  const level = path.steps.length - 1;
  const step = parent.steps[level];
  const gone = path.steps[level] as number;
  const same =
    parent.block === path.block && parentOf(path).steps.every((one, at) => parent.steps[at] === one);
  if (!same || step === undefined || step <= gone) return parent;
  return { block: parent.block, steps: parent.steps.with(level, step - 1) };
}
