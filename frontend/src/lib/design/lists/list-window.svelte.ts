import type { PagedList } from '$lib/api/paged-list.svelte';
import { rowKeys, scrollTo, windowOf } from './window';

/** The part of a long list that is in view, and the row that the keyboard is at. Asks the list for what comes into view. */
export class ListWindow<T extends { id: number }> {
  /** The element that scrolls, and how high the rows' part of it is. */
  view = $state<HTMLElement>();
  viewHeight = $state(0);
  scrollTop = $state(0);
  current = $state(0);
  /** What scrolls instead where the list is as long as its rows, and where it stands in it. */
  #page: HTMLElement | null = null;
  #above = 0;
  #list: () => PagedList<T>;
  #rowHeight: () => number;

  readonly count = $derived.by(() => {
    const list = this.#list();
    return list.complete ? list.items.length : Math.max(list.total, list.items.length);
  });
  readonly part = $derived.by(() => windowOf(this.count, this.#rowHeight(), this.viewHeight, this.scrollTop));
  /** The rows to draw: where each stands, and whose it is. */
  readonly drawn = $derived.by(() => {
    const { start, end } = this.part;
    const items = this.#list().items;
    const ids = Array.from({ length: end - start }, (_, at) => items[start + at]?.id);
    return rowKeys(ids, start).map((key, at) => ({ key, index: start + at }));
  });

  constructor(list: () => PagedList<T>, rowHeight: () => number) {
    this.#list = list;
    this.#rowHeight = rowHeight;
    $effect(() => {
      if (this.part.end > list().items.length && !list().complete) list().ensure(this.part.end);
    });
    $effect(() => {
      if (this.current >= this.count) this.current = Math.max(0, this.count - 1);
    });
  }

  /** Rows a page of the keyboard. */
  get page(): number {
    return Math.max(1, Math.floor(this.viewHeight / this.#rowHeight()) - 1);
  }

  draws(index: number): boolean {
    return index >= this.part.start && index < this.part.end;
  }

  go(index: number): void {
    this.current = Math.min(Math.max(0, index), this.count - 1);
    const top = scrollTo(this.current, this.count, this.#rowHeight(), this.viewHeight, this.scrollTop);
    if (this.#page) this.#page.scrollTo({ top: top + this.#above });
    else this.view?.scrollTo({ top });
  }

  /** Lets the page scroll in the list's place; `rows` is the part of the list that is as long as all of them. */
  followPage(rows: HTMLElement): () => void {
    const page = rows.closest('main');
    if (!page) return () => {};
    this.#page = page;
    const look = () => {
      const gap = rows.getBoundingClientRect().top - page.getBoundingClientRect().top;
      this.#above = page.scrollTop + gap;
      this.scrollTop = Math.max(0, -gap);
      this.viewHeight = page.clientHeight;
    };
    look();
    page.addEventListener('scroll', look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(page);
    return () => {
      page.removeEventListener('scroll', look);
      sizes.disconnect();
      this.#page = null;
    };
  }
}
