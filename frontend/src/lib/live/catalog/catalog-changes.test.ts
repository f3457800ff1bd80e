import { describe, expect, it } from 'vitest';
import { compareCatalogs, orderMine, showsPlacesOf } from './catalog-changes';
import type { CatalogItem } from '$lib/learning/types';

function item(id: number, change: Partial<CatalogItem> = {}): CatalogItem {
  return {
    activity: { id, kind: 'path', title: `Path ${id}`, description: '', steps: [] },
    session: { id, name: 'Open', starts_at: null, ends_at: null },
    section: 'mine',
    state: 'active',
    progress: 0,
    due_at: null,
    overdue: false,
    mandatory: false,
    since: '2026-01-01T00:00:00Z',
    until: null,
    why: [],
    can_self_enroll: false,
    needs_key: false,
    enrollment_id: null,
    missing: null,
    waiting: null,
    offered: null,
    places: null,
    queue: 0,
    can_leave: false,
    stays: false,
    ...change,
  };
}

describe('places that are taken or become free', () => {
  it('are read again where they are shown', () => {
    const open = item(1, { section: 'open', places: 0 });
    const waits = item(2, { section: 'open', waiting: 3 });
    const joined = item(3, { can_leave: true });
    const items = [open, waits, joined, item(4), item(5, { session: null, places: 1 })];
    expect([1, 2, 3, 4, 5, 6].filter((session) => showsPlacesOf(items, session))).toEqual([1, 2, 3]);
  });
});

describe('what an arriving catalog changes', () => {
  it('calls nothing new the first time', () => {
    expect(compareCatalogs(null, [item(1)])).toEqual({ fresh: [], ended: [] });
  });

  it('names what came and what went', () => {
    const { fresh, ended } = compareCatalogs([item(1), item(2)], [item(2), item(3)]);
    expect(fresh).toEqual(['3:3']);
    expect(ended.map((gone) => gone.activity.id)).toEqual([1]);
  });

  it('takes an item that opened from "open to me" to "mine" as new', () => {
    expect(compareCatalogs([item(1, { section: 'open' })], [item(1)]).fresh).toEqual(['1:1']);
  });

  it('does not call progress a change', () => {
    expect(compareCatalogs([item(1)], [item(1, { progress: 0.5 })])).toEqual({ fresh: [], ended: [] });
  });
});

describe('order of what is mine', () => {
  it('puts due dates first, then what was begun, then the newest, completed last', () => {
    const items = [
      item(1, { state: 'completed' }),
      item(2, { since: '2026-02-01T00:00:00Z' }),
      item(3, { progress: 0.5 }),
      item(4, { due_at: '2026-06-02T00:00:00Z' }),
      item(5, { due_at: '2026-06-01T00:00:00Z' }),
      item(6, { since: '2026-03-01T00:00:00Z' }),
    ];
    expect(orderMine(items).map((one) => one.activity.id)).toEqual([5, 4, 3, 6, 2, 1]);
  });
});
