/**
 * Rules are values: an edit makes new objects. A line on the screen must stay the same line while its filter is
 * edited, so every block and filter has a name that the edited copy takes over.
 */
import type { Block, Filter } from '$lib/api';

type Node = Block | Filter;

const names = new WeakMap<Node, string>();
let last = 0;

export function keyOf(node: Node): string {
  let key = names.get(node);
  if (key === undefined) {
    last += 1;
    key = `n${last}`;
    names.set(node, key);
  }
  return key;
}

/** `next` is `previous` after an edit. */
export function keepKey<T extends Node>(previous: Node, next: T): T {
  if (next !== previous) names.set(next, keyOf(previous));
  return next;
}
