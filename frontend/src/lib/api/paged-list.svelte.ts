import type { Page } from './types';

/** Past this many rows a refresh starts from the top instead of reading everything again. */
const REFRESHED_AT_ONCE = 1_000;

/** How long after a refresh that failed the next one follows. */
const AGAIN_MS = 3_000;

/** A page for the eye. */
const PAGE = 100;
/** The longest page the API gives. */
export const LARGEST_PAGE = 1_000;

/** `missing`: how many rows are still wanted; who scrolls far down a long list does not wait for page after page. */
export type LoadPage<T> = (cursor: string | null, signal: AbortSignal, missing: number) => Promise<Page<T>>;

export const pageSize = (missing: number): number => Math.min(LARGEST_PAGE, Math.max(PAGE, missing));

/**
 * A list of the API read page by page as it is scrolled. `items` holds what has come so far, `total` what there is.
 * `restart` drops everything and reads from the top; answers to older questions are ignored.
 */
export class PagedList<T> {
  items = $state.raw<T[]>([]);
  total = $state(0);
  loading = $state(true);
  /** Nothing has arrived yet for the current question. */
  first = $state(true);
  error = $state.raw<unknown>(null);

  #load: LoadPage<T>;
  #next: string | null = null;
  #abort = new AbortController();
  #wanted = 0;
  #running = false;
  /** Something changed while pages were being read: what they say may be older. */
  #changed = false;
  #refreshes = 0;

  constructor(load: LoadPage<T>) {
    this.#load = load;
  }

  get complete(): boolean {
    return !this.first && this.#next === null;
  }

  /** Asks from the top. `load` replaces the question; `keep` leaves the old rows until the first new ones are here. */
  restart(load?: LoadPage<T>, keep = false): void {
    if (load) this.#load = load;
    this.#begin();
    if (!keep) {
      this.items = [];
      this.total = 0;
    }
    void this.#run();
  }

  /** Reads what is on screen again without moving anything; for when others may have changed it. */
  async refresh(): Promise<void> {
    if (this.first || this.#running) {
      this.#changed = true;
      return;
    }
    this.#changed = false;
    const turn = (this.#refreshes += 1);
    const wanted = Math.min(this.items.length, REFRESHED_AT_ONCE);
    if (wanted < this.items.length) return this.restart(undefined, true);
    const { signal } = this.#abort;
    try {
      let items: T[] = [];
      let page: Page<T> | null = null;
      do {
        page = await this.#load(page?.next ?? null, signal, wanted - items.length);
        items = items.concat(page.items);
      } while (page.next !== null && items.length < wanted && !signal.aborted);
      // A later one knows more.
      if (signal.aborted || turn !== this.#refreshes) return;
      if (this.#running) {
        this.#changed = true;
        return;
      }
      this.items = items;
      this.total = page.total;
      this.#next = page.next;
    } catch {
      // What is on screen was right a moment ago; the connection dot tells that it may not be any more.
      if (!signal.aborted) setTimeout(() => !signal.aborted && void this.refresh(), AGAIN_MS);
    }
  }

  /** Reads on until the row at `index` is here (or there are no more). */
  ensure(index: number): void {
    this.#wanted = Math.max(this.#wanted, index + 1);
    void this.#run();
  }

  retry(): void {
    this.error = null;
    void this.#run();
  }

  /** Shows a changed row without asking for the list again. */
  replace(matches: (item: T) => boolean, item: T): void {
    this.items = this.items.map((old) => (matches(old) ? item : old));
  }

  dispose(): void {
    this.#abort.abort();
  }

  #begin(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#next = null;
    this.#wanted = 1;
    this.#running = false;
    this.#changed = false;
    this.error = null;
    this.first = true;
  }

  async #run(): Promise<void> {
    if (this.#running || this.error !== null) return;
    const { signal } = this.#abort;
    this.#running = true;
    this.loading = true;
    try {
      while (!signal.aborted && (this.first || (this.#next !== null && this.items.length < this.#wanted))) {
        const page = await this.#load(this.#next, signal, this.#wanted - this.items.length);
        if (signal.aborted) return;
        this.items = this.first ? page.items : this.items.concat(page.items);
        this.total = page.total;
        this.#next = page.next;
        this.first = false;
      }
    } catch (error) {
      if (!signal.aborted) this.error = error;
    } finally {
      if (!signal.aborted) {
        this.#running = false;
        this.loading = false;
        if (this.#changed && this.error === null) void this.refresh();
      }
    }
  }
}
