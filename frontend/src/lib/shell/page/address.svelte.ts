import { untrack } from 'svelte';
import { SvelteURL } from 'svelte/reactivity';
import { goto } from '$app/navigation';
import { page } from '$app/state';

/** A value of the address, which survives reload, back and sharing. */
export function parameter(name: string): string {
  return page.url.searchParams.get(name) ?? '';
}

/** Hands over what the address asks for, such as `?new=path`, once: it is taken out, so that back does not ask again. */
export function takeParameter(name: string, act: (value: string) => void): void {
  $effect(() => {
    const value = parameter(name);
    if (!value) return;
    untrack(() => {
      act(value);
      setParameters({ [name]: null });
    });
  });
}

/** The change of address that the browser has not shown yet. */
let underWay: { url: URL; push: boolean } | null = null;

/**
 * Changes the address in place; empty values leave it.
 * What is asked for while a change is under way is added to it: begun from the address still shown, it would
 * take the other back, and a panel just opened would not open.
 */
export function setParameters(values: Record<string, string | null | undefined>, push = false): void {
  const url = new SvelteURL(underWay?.url ?? page.url);
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  const change = { url, push: push || (underWay?.push ?? false) };
  underWay = change;
  void goto(url, { replaceState: !change.push, keepFocus: true, noScroll: true }).finally(() => {
    if (underWay === change) underWay = null;
  });
}
