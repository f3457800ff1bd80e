import { live } from '$lib/live';
import { catalog as load } from '$lib/learning/calls';
import { compareCatalogs, keyOf, showsPlacesOf } from './catalog-changes';
import { Rereading } from '../socket/rereading';
import type { CatalogItem } from '$lib/learning/types';

/** Notices that something ended are shown until dismissed, at most this many: more would hide the catalog itself. */
const MOST_ENDED = 5;

/** A socket opens within a few milliseconds; after this long it is not waited for. */
const WITHOUT_SOCKET_MS = 500;

/** While places of a session go quickly, all who look at it read it again no oftener than this. */
const PLACES_GAP_MS = 2_000;

/** The reader's catalog, kept true: the socket says that it changed, the API says what it is now. */
export class CatalogStore {
  items = $state.raw<CatalogItem[] | null>(null);
  error = $state.raw<unknown>(null);
  /** Keys of what came while the reader was looking. */
  fresh = $state.raw<readonly string[]>([]);
  ended = $state.raw<CatalogItem[]>([]);

  #abort: AbortController | null = null;

  /** Loads and follows; returns what stops it. */
  follow(): () => void {
    const places = new Rereading(
      () => this.reload(),
      () => PLACES_GAP_MS,
    );
    const shown = () => places.shown(!document.hidden);
    shown();
    document.addEventListener('visibilitychange', shown);
    const stop = live.watch('me', {
      state: () => void this.reload(),
      event: ({ data }) => {
        if (data.session_id === null) void this.reload();
        else if (this.items === null || showsPlacesOf(this.items, data.session_id)) places.soon();
      },
    });
    // What is read once the socket follows cannot miss a change; without a socket there is still a catalog.
    const alone = setTimeout(() => this.#abort === null && void this.reload(), WITHOUT_SOCKET_MS);
    return () => {
      clearTimeout(alone);
      stop();
      places.end();
      document.removeEventListener('visibilitychange', shown);
      this.#abort?.abort();
    };
  }

  async reload(): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    try {
      const page = await load(abort.signal);
      if (abort.signal.aborted) return;
      const change = compareCatalogs(this.items, page.items);
      // What went is no longer new, wherever in the catalog it stands now.
      const went = change.ended.map(keyOf);
      this.fresh = [...this.fresh.filter((key) => !went.includes(key)), ...change.fresh];
      const back = page.items.map(keyOf);
      this.ended = [...change.ended, ...this.ended.filter((item) => !back.includes(keyOf(item)))].slice(
        0,
        MOST_ENDED,
      );
      this.items = page.items;
      this.error = null;
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    }
  }

  dismiss(item: CatalogItem): void {
    this.ended = this.ended.filter((one) => one !== item);
  }
}
