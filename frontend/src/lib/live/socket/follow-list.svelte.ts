import { me } from '$lib/access/me.svelte';
import { live } from './live.svelte';
import type { ListName } from './protocol';
import { Rereading } from './rereading';

/** A list is read again at once, and then as often as this while changes go on coming. */
const GAP_MS = 2_000;
/** While no changes are told, and once after a list was first read, for what changed while both were asked for. */
export const UNTOLD_MS = 5_000;

/**
 * Reads again whatever `name` says whenever something changed that can alter it, while a component initialises and the page is seen.
 * Without the socket it is read again now and then.
 */
export function followList(
  name: () => ListName | null,
  again: () => unknown,
  gap: () => number = () => GAP_MS,
): void {
  $effect(() => {
    const followed = name();
    if (followed === null || !me.leads) return;
    const rereading = new Rereading(again, gap);
    let seen = '';
    const stop = live.watch(`list:${followed}`, {
      state: ({ changed, day }) => {
        const now = `${changed} ${day}`;
        if (seen === '') rereading.in(UNTOLD_MS);
        else if (seen !== now) rereading.soon();
        seen = now;
      },
    });
    const shown = () => rereading.shown(!document.hidden);
    shown();
    document.addEventListener('visibilitychange', shown);
    return () => {
      stop();
      rereading.end();
      document.removeEventListener('visibilitychange', shown);
    };
  });
  // Where no socket is to be had, the list may be.
  readNowAndThen(again, () => name() !== null && live.staleSince !== null);
}

/** Reads again every few seconds, while a component initialises and the page is seen. */
export function readNowAndThen(again: () => unknown, wanted: () => boolean = () => true): void {
  $effect(() => {
    if (!wanted()) return;
    const timer = setInterval(() => !document.hidden && again(), UNTOLD_MS);
    return () => clearInterval(timer);
  });
}
