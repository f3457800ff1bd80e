import { untrack } from 'svelte';
import { followList, readNowAndThen } from '$lib/live/socket/follow-list.svelte';
import type { ListName } from '$lib/live/socket/protocol';
import { isUnreachable, PagedList, pageSize, reachability, type Page, type QueryValue } from '$lib/api';

type Query = Record<string, QueryValue>;

/**
 * A list that asks again when `query` changes, while a component initialises. `null` waits. With `follows` it is read again when
 * something changed that can alter it; of the outbox nothing tells, for messages go out without a fact changing.
 */
export function pagedList<T>(
  load: (query: Query, signal: AbortSignal) => Promise<Page<T>>,
  query: () => Query | null,
  follows: ListName | 'outbox' | null = null,
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
    if (reachability.lostSince === null && isUnreachable(untrack(() => list.error)))
      untrack(() => list.retry());
  });
  const refresh = () => void list.refresh();
  if (follows === 'outbox') readNowAndThen(refresh);
  else if (follows !== null) followList(() => follows, refresh);
  $effect(() => () => list.dispose());
  return list;
}
