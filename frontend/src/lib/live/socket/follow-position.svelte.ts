import { untrack } from 'svelte';
import { Rereading } from './rereading';
import { UNTOLD_MS } from './follow-list.svelte';

/**
 * Reads again when the position of a topic moves, while a component initialises. Where the first one is told after the first answer was asked for, it is
 * read once more a little later, as lists are, for what changed in between; not at once, or everything would be asked for twice wherever the socket is
 * slower than the first answer.
 */
export function followPosition(position: () => number | undefined, again: () => unknown): void {
  const later = new Rereading(again, () => 0);
  let started = false;
  let seen: number | undefined;
  $effect(() => {
    const before = seen;
    seen = position();
    untrack(() => {
      if (before) void again();
      else if (started && seen) later.in(UNTOLD_MS);
    });
    started = true;
  });
  $effect(() => () => later.end());
}
