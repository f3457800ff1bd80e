import { untrack } from 'svelte';
import { isProblem, reachability, type Id, type Plan, type PlanRequest } from '$lib/api';
import * as enrollmentCalls from '../calls';

/** Counts arrive faster than anybody reads a plan. */
const PAUSE_MS = 250;

/** What to plan, and what changes whenever the people or what is saved did. */
interface Asking {
  body: PlanRequest;
  moment: unknown;
}

/** What saving the draft would change, asked again as the draft and the people change. */
export class PlanQuery {
  plan = $state.raw<Plan | null>(null);
  error = $state.raw<unknown>(null);
  loading = $state(false);
  /** What `plan` or `error` answers, and what is asked now: until they are the same, the plan is yesterday's. */
  #answered = $state.raw<Asking | null>(null);
  readonly #asking: () => Asking | null;

  /**
   * Follows `ask` while a component initialises; `null` empties it.
   */
  constructor(session_id: () => Id | null, ask: () => Asking | null) {
    const asking = $derived.by(ask);
    this.#asking = () => asking;
    $effect(() => {
      const id = session_id();
      const question = asking;
      // What failed because nobody answered is asked again once somebody does.
      void reachability.lostSince;
      if (id === null || question === null) {
        this.plan = null;
        this.error = null;
        return;
      }
      const abort = new AbortController();
      const timer = setTimeout(() => untrack(() => void this.#ask(id, question, abort.signal)), PAUSE_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  /** Whether the plan on screen is not that of the draft and the people as they are now. */
  get old(): boolean {
    return this.loading || this.#answered !== this.#asking();
  }

  async #ask(id: Id, question: Asking, signal: AbortSignal): Promise<void> {
    this.loading = true;
    try {
      this.plan = await enrollmentCalls.plan(id, question.body, signal);
      this.#answered = question;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      this.#answered = question;
      if (isProblem(error) && error.status !== 0) this.plan = null;
    } finally {
      if (!signal.aborted) this.loading = false;
    }
  }
}
