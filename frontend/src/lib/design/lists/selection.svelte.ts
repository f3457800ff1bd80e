import { SvelteSet } from 'svelte/reactivity';

/** A hand that only presses moves the pointer no further than this, in pixels. */
const AT_REST = 6;

/** The chosen rows of a list, by id. `anchor` is where a range begins. */
export class Selection {
  ids = new SvelteSet<number>();
  #anchor = -1;
  /** While dragging over boxes: whether the drag chooses or drops. */
  #dragging: boolean | null = null;
  #from = 0;
  #allows: (id: number) => boolean;

  /** `allows` says which rows can be chosen at all. */
  constructor(allows: (id: number) => boolean = () => true) {
    this.#allows = allows;
  }

  get size(): number {
    return this.ids.size;
  }

  allows(id: number): boolean {
    return this.#allows(id);
  }

  has(id: number): boolean {
    return this.ids.has(id);
  }

  toggle(id: number, index: number): void {
    this.set(id, !this.ids.has(id));
    this.#anchor = index;
  }

  set(id: number, chosen: boolean): void {
    if (chosen && this.#allows(id)) this.ids.add(id);
    else this.ids.delete(id);
  }

  /** Chooses everything between the anchor and `index`. */
  range(index: number, idAt: (index: number) => number | undefined): void {
    const from = this.#anchor < 0 ? index : this.#anchor;
    for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
      const id = idAt(at);
      if (id !== undefined) this.set(id, true);
    }
    if (this.#anchor < 0) this.#anchor = index;
  }

  /** `y`: where the pointer is. */
  startDrag(id: number, index: number, y: number): void {
    this.#from = y;
    this.#dragging = !this.ids.has(id);
    this.set(id, this.#dragging);
    this.#anchor = index;
  }

  /** Rows that move under a pointer at rest, as when the bar of acts appears above them, are not dragged over. */
  dragOver(id: number, y: number): void {
    if (this.#dragging !== null && Math.abs(y - this.#from) > AT_REST) this.set(id, this.#dragging);
  }

  endDrag(): void {
    this.#dragging = null;
  }

  all(ids: Iterable<number>): void {
    for (const id of ids) this.set(id, true);
  }

  clear(): void {
    this.ids.clear();
    this.#anchor = -1;
  }
}
