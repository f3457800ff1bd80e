import { matching, type LoadOptions, type Option } from './options';

/** More would only make one scroll; typing narrows. */
const SHOWN_AT_ONCE = 100;
const TYPING_PAUSE_MS = 120;

/** The options behind a search box: filtered here when they are known, asked for when they are many. */
export class Picker {
  open = $state(false);
  query = $state('');
  /** The option that Enter takes. */
  current = $state(0);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  #loaded = $state.raw<Option[]>([]);
  #known: () => Option[] | undefined;
  #load: () => LoadOptions | undefined;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Every option seen so far, so that chosen ones keep their names. */
  // Only read together with what changes beside it.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  seen = new Map<string, Option>();

  constructor(known: () => Option[] | undefined, load: () => LoadOptions | undefined) {
    this.#known = known;
    this.#load = load;
  }

  get options(): Option[] {
    const known = this.#known();
    return (known ? matching(known, this.query) : this.#loaded).slice(0, SHOWN_AT_ONCE);
  }

  find(value: string): Option | undefined {
    return this.#known()?.find((option) => option.value === value) ?? this.seen.get(value);
  }

  /** What ties a box to its list, whose id is `list`; the focus stays in the box. */
  ties(list: string) {
    return {
      role: 'combobox' as const,
      'aria-autocomplete': 'list' as const,
      'aria-expanded': this.open,
      'aria-controls': this.open ? list : undefined,
      'aria-activedescendant':
        this.open && this.options[this.current] ? `${list}-${this.current}` : undefined,
      autocomplete: 'off' as const,
      spellcheck: false,
      onblur: () => this.hide(),
      onclick: () => this.show(),
    };
  }

  show(): void {
    if (this.open) return;
    this.open = true;
    this.query = '';
    this.current = 0;
    void this.search();
  }

  hide(): void {
    this.open = false;
    clearTimeout(this.#timer);
  }

  /** Moves through the options with the keyboard; `Enter` answers the one that is current. */
  key(event: KeyboardEvent): Option | undefined {
    const last = this.options.length - 1;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.open) this.show();
      else
        this.current =
          event.key === 'ArrowDown' ? Math.min(this.current + 1, last) : Math.max(this.current - 1, 0);
    } else if (event.key === 'PageDown' && this.open) this.current = Math.min(this.current + 10, last);
    else if (event.key === 'PageUp' && this.open) this.current = Math.max(this.current - 10, 0);
    else if (event.key === 'Tab') this.hide();
    else if (event.key === 'Enter' && this.open) {
      event.preventDefault();
      const option = this.options[this.current];
      return option?.disabled ? undefined : option;
    }
    return undefined;
  }

  type(query: string): void {
    this.show();
    this.query = query;
    this.current = 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.search(), TYPING_PAUSE_MS);
  }

  async search(): Promise<void> {
    const load = this.#load();
    if (!load) return;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.loading = true;
    this.error = null;
    try {
      const options = await load(this.query.trim(), abort.signal);
      if (abort.signal.aborted) return;
      for (const option of options) this.seen.set(option.value, option);
      this.#loaded = options;
      this.current = 0;
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    } finally {
      if (!abort.signal.aborted) this.loading = false;
    }
  }
}
