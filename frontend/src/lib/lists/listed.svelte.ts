import { untrack } from 'svelte';
import { SvelteURL } from 'svelte/reactivity';
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { isUnreachable, PagedList, pageSize, reach, type Page, type QueryValue } from '$lib/api';

type Query = Record<string, QueryValue>;

/** What no topic of the socket tells about is looked at again this often, while somebody looks. */
export const LOOK_AGAIN_MS = 5_000;

/**
 * A list that asks again when `query` changes, while a component initialises. `null` waits. With `looks` it is read again
 * now and then, for what changes without telling.
 */
export function listed<T>(
  load: (query: Query, signal: AbortSignal) => Promise<Page<T>>,
  query: () => Query | null,
  looks = false,
): PagedList<T> {
  let current: Query = {};
  const list = new PagedList<T>((cursor, signal, missing) =>
    load({ ...current, limit: pageSize(missing), cursor: cursor ?? undefined }, signal),
  );
  let asked = '';
  $effect(() => {
    const next = query();
    const text = JSON.stringify(next);
    if (next === null || text === asked) return;
    asked = text;
    untrack(() => {
      current = next;
      list.restart(undefined, true);
    });
  });
  // What failed because nobody answered is asked again as soon as somebody does.
  $effect(() => {
    if (reach.lostSince === null && isUnreachable(untrack(() => list.error))) untrack(() => list.retry());
  });
  $effect(() => {
    if (!looks) return;
    const timer = setInterval(() => !document.hidden && void list.refresh(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  });
  $effect(() => () => list.dispose());
  return list;
}

/** A value of the address, which survives reload, back and sharing. */
export function parameter(name: string): string {
  return page.url.searchParams.get(name) ?? '';
}

/** Hands over what the address asks for, such as `?new=path`, once: it is taken out, so that back does not ask again. */
export function onceAsked(name: string, act: (value: string) => void): void {
  $effect(() => {
    const value = parameter(name);
    if (!value) return;
    untrack(() => {
      act(value);
      setParameters({ [name]: null });
    });
  });
}

/** Changes the address in place; empty values leave it. */
export function setParameters(values: Record<string, string | null | undefined>, push = false): void {
  const url = new SvelteURL(page.url);
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  void goto(url, { replaceState: !push, keepFocus: true, noScroll: true });
}
