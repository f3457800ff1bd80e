import { untrack } from 'svelte';
import { api, isProblem, type Id, type Plan, type PlanRequest } from '$lib/api';
import type { Draft } from '../core';

/** Counts arrive faster than anybody reads a plan. */
const PAUSE_MS = 250;

/** The body of a plan: the draft as the wire wants it. What is empty is said, since what is left out stays. */
export function planBody(draft: Draft, method_id: Id | null): PlanRequest {
  return {
    ...(method_id === null ? { kind: 'audience' as const } : { method_id }),
    ...draft.policy,
    rule: draft.rule,
  };
}

/** What saving the draft would change, asked again as the draft and the people change. */
export class Planning {
  plan = $state.raw<Plan | null>(null);
  error = $state.raw<unknown>(null);
  loading = $state(false);

  /**
   * Follows `ask` while a component initialises: what to plan, and `moment`, which changes whenever people did.
   * `null` empties it.
   */
  constructor(session_id: () => Id | null, ask: () => { body: PlanRequest; moment: unknown } | null) {
    $effect(() => {
      const id = session_id();
      const question = ask();
      if (id === null || question === null) {
        this.plan = null;
        this.error = null;
        return;
      }
      const abort = new AbortController();
      const timer = setTimeout(
        () => untrack(() => void this.#ask(id, question.body, abort.signal)),
        PAUSE_MS,
      );
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  async #ask(id: Id, body: PlanRequest, signal: AbortSignal): Promise<void> {
    this.loading = true;
    try {
      this.plan = await api.plan(id, body, signal);
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      if (isProblem(error) && error.status !== 0) this.plan = null;
    } finally {
      if (!signal.aborted) this.loading = false;
    }
  }
}
