import { live } from '$lib/live';
import type { Counts, Id, TimelinePoint } from '$lib/api';
import { happenings, timeline } from '../calls';
import { addHappenings, happeningOf, TICKER_LENGTH } from './ticker';
import { livePart } from './timeline';
import type { Happening } from './board-types';

/** As far back as the curve is asked about: a session that has run for longer shows its last year. */
const TIMELINE_DAYS = 365;
const FIRST_HAPPENINGS = TICKER_LENGTH;
/** The chart follows the counts, but a burst of changes is one question. */
const TIMELINE_AFTER_MS = 2_000;

/** One session as the board shows it: counts and ticker move by themselves. */
export class SessionBoard {
  counts = $state.raw<Counts | null>(null);
  ticker = $state.raw<Happening[]>([]);
  timeline = $state.raw<TimelinePoint[]>([]);
  problem = $state.raw<string | null>(null);
  /** Whether the history has been read, or cannot be. */
  settled = $state(false);

  readonly id: Id;
  #later: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  constructor(id: Id) {
    this.id = id;
  }

  /** Follows the session; returns what stops it. */
  follow(): () => void {
    this.#abort = new AbortController();
    const stop = live.watch(`session:${this.id}`, {
      state: (counts) => {
        // The first state comes with the history itself.
        if (this.counts !== null) this.#refreshLater();
        this.counts = counts;
        this.problem = null;
      },
      event: (frame) => {
        const happening = happeningOf(frame);
        if (happening) this.ticker = addHappenings(this.ticker, [happening]);
      },
      problem: (problem) => (this.problem = problem.detail),
    });
    void this.#history();
    return () => {
      stop();
      clearTimeout(this.#later);
      this.#abort.abort();
    };
  }

  async #history(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const [before, line] = await Promise.all([
        happenings(this.id, FIRST_HAPPENINGS, signal),
        timeline(this.id, TIMELINE_DAYS, signal),
      ]);
      this.ticker = addHappenings(this.ticker, before.items);
      this.timeline = livePart(line);
    } catch {
      // The numbers are the board; without its history it still tells the truth.
    } finally {
      if (!signal.aborted) this.settled = true;
    }
  }

  #refreshLater(): void {
    clearTimeout(this.#later);
    const { signal } = this.#abort;
    this.#later = setTimeout(() => {
      timeline(this.id, TIMELINE_DAYS, signal).then(
        (line) => (this.timeline = livePart(line)),
        () => {},
      );
    }, TIMELINE_AFTER_MS);
  }
}
