import { matching, type LoadOptions, type Option } from './options';

/** More would only make one scroll; typing narrows. */
const SHOWN_AT_ONCE = 100;
const TYPING_PAUSE_MS = 120;

/** The options behind a search box: filtered here when they are known, asked for when they are many. */
export class Picker {
  query = $state('');
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

  type(query: string): void {
    this.query = query;
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
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    } finally {
      if (!abort.signal.aborted) this.loading = false;
    }
  }
}
