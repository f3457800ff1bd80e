import { describe, expect, it, vi } from 'vitest';
import { PagedList, pageSize } from './paged-list.svelte';
import type { Page } from './types';

const settle = () => new Promise((resolve) => setTimeout(resolve));

/** `total` numbers in pages of `size`; the cursor is where the next page begins. */
function numbers(total: number, size: number) {
  return vi.fn(async (cursor: string | null): Promise<Page<number>> => {
    const from = Number(cursor ?? 0);
    const to = Math.min(from + size, total);
    const items = Array.from({ length: to - from }, (_, at) => from + at);
    return { items, next: to < total ? String(to) : null, total };
  });
}

describe('a list read page by page', () => {
  it('reads the first page, then on to the row that is wanted', async () => {
    const load = numbers(95, 10);
    const list = new PagedList<number>(load);
    list.restart();
    await settle();
    expect(list.items).toHaveLength(10);
    expect(list.total).toBe(95);
    expect(list.complete).toBe(false);
    list.ensure(42);
    await settle();
    expect(list.items).toEqual(Array.from({ length: 50 }, (_, at) => at));
    expect(load).toHaveBeenCalledTimes(5);
    list.ensure(1_000);
    await settle();
    expect(list.items).toHaveLength(95);
    expect(list.complete).toBe(true);
  });

  it('says how many rows are missing, so that pages grow with them', async () => {
    const sizes: number[] = [];
    const list = new PagedList<number>((cursor, signal, missing) => {
      sizes.push(pageSize(missing));
      return numbers(9_000, pageSize(missing))(cursor);
    });
    list.restart();
    await settle();
    list.ensure(2_399);
    await settle();
    expect(sizes).toEqual([100, 1_000, 1_000, 300]);
    expect(list.items).toHaveLength(2_400);
  });

  it('ignores the answer to an older question', async () => {
    let answer: (page: Page<string>) => void = () => {};
    const list = new PagedList<string>(() => new Promise((resolve) => (answer = resolve)));
    list.restart();
    const late = answer;
    list.restart(async () => ({ items: ['new'], next: null, total: 1 }));
    await settle();
    late({ items: ['old'], next: null, total: 1 });
    await settle();
    expect(list.items).toEqual(['new']);
  });

  it('keeps the rows it has when a later page fails, and goes on when asked to', async () => {
    const load = numbers(30, 10);
    const list = new PagedList<number>(load);
    list.restart();
    await settle();
    load.mockRejectedValueOnce(new Error('gone'));
    list.ensure(15);
    await settle();
    expect(list.items).toHaveLength(10);
    expect(list.error).toBeInstanceOf(Error);
    list.retry();
    await settle();
    expect(list.items).toHaveLength(20);
    expect(list.error).toBeNull();
  });

  it('refreshes in place what was read', async () => {
    const list = new PagedList<number>(numbers(30, 10));
    list.restart();
    list.ensure(15);
    await settle();
    const shown = list.items;
    const again = list.refresh();
    expect(list.items).toBe(shown);
    await again;
    expect(list.items).toEqual(shown);
    expect(list.items).not.toBe(shown);
  });

  it('reads again what changed while it was read', async () => {
    const answers: ((page: Page<string>) => void)[] = [];
    const list = new PagedList<string>(() => new Promise((resolve) => answers.push(resolve)));
    const page = (...items: string[]) => ({ items, next: null, total: items.length });
    list.restart();
    void list.refresh();
    expect(answers).toHaveLength(1);
    answers[0]!(page('before'));
    await settle();
    expect(answers).toHaveLength(2);
    // Of two that overlap the later one knows more, whichever is answered first.
    void list.refresh();
    answers[2]!(page('after'));
    await settle();
    answers[1]!(page('between'));
    await settle();
    expect(list.items).toEqual(['after']);
  });

  it('repeats a refresh that failed until it is answered', async () => {
    vi.useFakeTimers();
    const load = numbers(3, 10);
    const list = new PagedList<number>(load);
    list.restart();
    await vi.advanceTimersByTimeAsync(0);
    load.mockRejectedValueOnce(new Error('500')).mockRejectedValueOnce(new Error('500'));
    await list.refresh();
    expect(list.items).toEqual([0, 1, 2]);
    load.mockResolvedValueOnce({ items: [7], next: null, total: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(list.items).toEqual([7]);
    expect(load).toHaveBeenCalledTimes(4);
    vi.useRealTimers();
  });
});
