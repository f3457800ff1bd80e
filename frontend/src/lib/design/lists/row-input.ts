import type { PagedList } from '$lib/api/paged-list.svelte';
import type { ListWindow } from './list-window.svelte';
import type { Selection } from './selection.svelte';

interface Rows<T> {
  list: PagedList<T>;
  selection: Selection | undefined;
  onopen: ((item: T) => void) | undefined;
}

/** What keys and pointers do to the rows of a list. */
export class RowInput<T extends { id: number }> {
  #window: ListWindow<T>;
  #rows: () => Rows<T>;

  constructor(window: ListWindow<T>, rows: () => Rows<T>) {
    this.#window = window;
    this.#rows = rows;
  }

  #idAt = (index: number) => this.#rows().list.items[index]?.id;

  key(event: KeyboardEvent): void {
    const window = this.#window;
    if (event.target !== window.view) return;
    const { list, selection, onopen } = this.#rows();
    const item = list.items[window.current];
    const { page } = window;
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const step = steps[event.key];
    if (step !== undefined) {
      if (event.shiftKey && selection) selection.range(window.current, this.#idAt);
      window.go(window.current + step);
      if (event.shiftKey && selection) selection.range(window.current, this.#idAt);
    } else if (event.key === 'Home') window.go(0);
    else if (event.key === 'End') window.go(window.count - 1);
    else if (event.key === 'Enter' && item && onopen) onopen(item);
    else if (event.key === ' ' && item && selection) selection.toggle(item.id, window.current);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && selection)
      selection.all(list.items.map((one) => one.id));
    else if (event.key === 'Escape' && selection?.size) selection.clear();
    else return;
    event.preventDefault();
  }

  click(event: MouseEvent, item: T, index: number): void {
    const { selection, onopen } = this.#rows();
    this.#window.current = index;
    if ((event.target as Element).closest('a, button, input, label')) return;
    if (selection && event.shiftKey) selection.range(index, this.#idAt);
    else if (selection && (event.ctrlKey || event.metaKey)) selection.toggle(item.id, index);
    else onopen?.(item);
  }

  /** Boxes are chosen on press, so that a drag goes on choosing. */
  press(event: PointerEvent, item: T, index: number): void {
    const { selection } = this.#rows();
    if (!selection || event.button !== 0) return;
    event.preventDefault();
    if (event.shiftKey) selection.range(index, this.#idAt);
    else selection.startDrag(item.id, index, event.clientY);
    this.#window.current = index;
    this.#window.view?.focus({ preventScroll: true });
  }
}
