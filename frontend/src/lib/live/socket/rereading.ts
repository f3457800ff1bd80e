/** When something is read again of which changes are told: at once, then no oftener than a gap allows, and never while nobody looks. */
export class Rereading {
  #again: () => unknown;
  #gap: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = -Infinity;
  /** When it is to be read, if it is. */
  #at: number | null = null;
  #shown = true;

  constructor(again: () => unknown, gap: () => number) {
    this.#again = again;
    this.#gap = gap;
  }

  /** Something has changed. */
  soon(): void {
    this.in(Math.max(0, this.#last + this.#gap() - Date.now()));
  }

  /** In so many milliseconds, unless it is to be read earlier. */
  in(ms: number): void {
    const at = Date.now() + ms;
    if (this.#at !== null && this.#at <= at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => this.#read(), ms);
  }

  /** Whether anybody looks: what was due meanwhile is read when they do. */
  shown(shown: boolean): void {
    this.#shown = shown;
    if (!shown || this.#at === null || this.#at > Date.now()) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), 0);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#at = null;
  }

  #read(): void {
    if (!this.#shown) return;
    this.#at = null;
    this.#last = Date.now();
    this.#again();
  }
}
