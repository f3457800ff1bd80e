import type { PagedList } from '$lib/api/paged-list.svelte';
import { scrollTo, windowOf } from './window';

/** The part of a long list that is in view, and the row that the keyboard is at. Asks the list for what comes into view. */
export class ListWindow<T> {
  /** The element that scrolls, and how high the rows' part of it is. */
  view = $state<HTMLElement>();
  viewHeight = $state(0);
  scrollTop = $state(0);
  current = $state(0);
  #list: () => PagedList<T>;
  #rowHeight: () => number;

  readonly count = $derived.by(() => {
    const list = this.#list();
    return list.complete ? list.items.length : Math.max(list.total, list.items.length);
  });
  readonly part = $derived.by(() => windowOf(this.count, this.#rowHeight(), this.viewHeight, this.scrollTop));
  /** The rows to draw. */
  readonly indexes = $derived(
    Array.from({ length: this.part.end - this.part.start }, (_, at) => this.part.start + at),
  );

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
    this.view?.scrollTo({ top });
  }
}
