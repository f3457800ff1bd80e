import type { Id } from '$lib/api';
import type { CatalogItem } from '$lib/learning/types';

/** An item is the same while activity and session are: its state may change without it being new. */
export const keyOf = (item: CatalogItem): string => `${item.activity.id}:${item.session?.id ?? ''}`;

export interface CatalogChange {
  /** Keys of items that are the reader's now and were not before. */
  fresh: string[];
  /** Items that were the reader's before and are not now. */
  ended: CatalogItem[];
}

/** What an arriving catalog changes for the reader. The first one changes nothing: all of it is simply there. */
export function compareCatalogs(before: CatalogItem[] | null, after: CatalogItem[]): CatalogChange {
  if (before === null) return { fresh: [], ended: [] };
  const mine = (items: CatalogItem[]) => items.filter((item) => item.section === 'mine');
  const had = new Set(mine(before).map(keyOf));
  const has = new Set(mine(after).map(keyOf));
  return {
    fresh: [...has].filter((key) => !had.has(key)),
    ended: mine(before).filter((item) => !has.has(keyOf(item))),
  };
}

/** Whether what was told of places in a session, taken or free, can be seen in these items. */
export const showsPlacesOf = (items: CatalogItem[], session: Id): boolean =>
  items.some(
    (item) =>
      item.session?.id === session && (item.places !== null || item.waiting !== null || item.can_leave),
  );

/** Due first (overdue before all), then what was begun, then the newest. */
export function orderMine(items: CatalogItem[]): CatalogItem[] {
  const rank = (item: CatalogItem) =>
    item.state === 'completed' ? 3 : item.due_at !== null ? 0 : item.progress > 0 ? 1 : 2;
  return [...items].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.due_at ?? '').localeCompare(b.due_at ?? '') ||
      (b.since ?? '').localeCompare(a.since ?? '') ||
      a.activity.title.localeCompare(b.activity.title),
  );
}
