/**
 * Where something stands in a rule. `blocks[0].filters[1].of[2]` is the third filter inside the nested second filter of
 * the first block; the server puts `rule.` before it when it names an offending value.
 */
import type { Block, Filter, NestedFilter, Rule } from '$lib/api';

/** `[1, 2]` is the third filter inside the second filter of a block. */
export interface FilterPath {
  block: number;
  steps: number[];
}

export function isNested(filter: Filter): filter is NestedFilter {
  return 'of' in filter;
}

export function textOf(path: FilterPath): string {
  const [first, ...rest] = path.steps;
  const inside = rest.map((step) => `.of[${step}]`).join('');
  return `blocks[${path.block}]` + (first === undefined ? '' : `.filters[${first}]${inside}`);
}

/** The place a path begins with and what is left of it: `.values`, `groups`. `null` when it names no block. */
export function parsePath(text: string): { at: FilterPath; rest: string } | null {
  const block = /^(?:rule\.)?blocks\[(\d+)\]/.exec(text);
  if (!block) return null;
  const at: FilterPath = { block: Number(block[1]), steps: [] };
  let rest = text.slice(block[0].length);
  for (;;) {
    const step = /^\.(?:filters|of)\[(\d+)\]/.exec(rest);
    if (!step) return { at, rest: rest.replace(/^\./, '') };
    at.steps.push(Number(step[1]));
    rest = rest.slice(step[0].length);
  }
}

/** The filters that stand at one level: those of a block, or those inside a nested filter. */
export function siblings(rule: Rule, parent: FilterPath): Filter[] | undefined {
  const block = rule.blocks[parent.block];
  if (!block) return undefined;
  let level: Filter[] = block.filters;
  for (const step of parent.steps) {
    const filter = level[step];
    if (!filter || !isNested(filter)) return undefined;
    level = filter.of;
  }
  return level;
}

export function filterAt(rule: Rule, path: FilterPath): Filter | undefined {
  const last = path.steps.at(-1);
  return last === undefined ? undefined : siblings(rule, parentOf(path))?.[last];
}

export function parentOf(path: FilterPath): FilterPath {
  return { block: path.block, steps: path.steps.slice(0, -1) };
}

export function childOf(path: FilterPath, index: number): FilterPath {
  return { block: path.block, steps: [...path.steps, index] };
}

/** Every filter of a block from top to bottom, nested ones after the one that holds them. */
export function* filtersOf(block: Block, index: number): Generator<{ path: FilterPath; filter: Filter }> {
  yield* walk(block.filters, { block: index, steps: [] });
}

function* walk(filters: Filter[], parent: FilterPath): Generator<{ path: FilterPath; filter: Filter }> {
  for (const [index, filter] of filters.entries()) {
    const path = childOf(parent, index);
    yield { path, filter };
    if (isNested(filter)) yield* walk(filter.of, path);
  }
}
