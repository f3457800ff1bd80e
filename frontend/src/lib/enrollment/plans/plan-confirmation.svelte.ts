import type { Applied, ApplyRequest, Id, LiveStates, Method, Plan, PlanRequest } from '$lib/api';
import { confirm, followRun } from './confirm-plan';
import type { PlanQuery } from './plan-query.svelte';

/** What is confirmed: the body that was planned, on this version of the method. */
export interface Asked {
  session_id: Id;
  body: PlanRequest;
  version: number | null;
}

export type Confirmed =
  { kind: 'applied'; applied: Applied; plan: Plan } | { kind: 'conflict'; theirs: Method };

type RunState = LiveStates['run'];

/** All whom the plan does something to: who only gains or loses a reason is written as well. */
const changing = (of: Plan) => of.entering + of.leaving + of.gaining + of.losing + of.completed_stay;
const doneBy = ({ entered, left, gaining, losing, completed_stay, blocked }: RunState) => ({
  entered,
  left,
  gaining,
  losing,
  completed_stay,
  blocked,
});

/** A plan from being shown to being done: confirmed by its hash, shown anew where it has changed meanwhile. */
export class PlanConfirmation {
  busy = $state(false);
  /** How far a large run is that was begun here. */
  run = $state.raw<Pick<RunState, 'done' | 'total' | 'progress'> | null>(null);
  error = $state.raw<unknown>(null);
  /** The plan that was on screen when it turned out to have changed. */
  before = $state.raw<Plan | null>(null);
  /** The new plan the server gave in return; it holds until the draft or the people change again. */
  #newer = $state.raw<Plan | null>(null);
  readonly query: PlanQuery;
  readonly #asked: () => Asked | null;

  /** Follows the query while a component initialises. */
  constructor(query: PlanQuery, asked: () => Asked | null) {
    this.query = query;
    this.#asked = asked;
    $effect(() => {
      void query.plan;
      this.#newer = null;
    });
  }

  /** What would be confirmed; null while something is missing. */
  get asked(): Asked | null {
    return this.#asked();
  }

  get plan(): Plan | null {
    return this.#newer ?? this.query.plan;
  }

  /** What is shown is not what confirming would do, until the answer to the last change is here. */
  get waiting(): boolean {
    return this.#newer === null && this.query.old;
  }

  /** Forgets what an earlier look at the plan came to. */
  begin(): void {
    this.error = this.before = this.#newer = null;
  }

  /** Null where it was not done, for a reason that is shown. `accepted`: that pinned people are not where they must be is meant. */
  async confirm(accepted = false): Promise<Confirmed | null> {
    const { plan } = this;
    const asked = this.#asked();
    if (!plan || asked === null) return null;
    this.busy = true;
    this.error = null;
    try {
      const accepting = accepted ? { accept_broken_pins: true } : {};
      const body: ApplyRequest = { ...asked.body, ...accepting, hash: plan.hash };
      const outcome = await confirm(asked.session_id, body, asked.version);
      if (outcome.kind === 'conflict') return outcome;
      if (outcome.kind === 'applied')
        return { kind: 'applied', applied: await this.#done(outcome.applied, plan), plan };
      this.before = plan;
      this.#newer = outcome.plan;
    } catch (caught) {
      this.error = caught;
    } finally {
      this.busy = false;
      this.run = null;
    }
    return null;
  }

  /** A large plan is only begun: its progress comes over the socket. */
  async #done(applied: Applied, confirmed: Plan): Promise<Applied> {
    if (applied.state !== 'applying') return applied;
    this.run = { done: 0, total: changing(confirmed), progress: 0 };
    const over = await followRun(applied.run_id, (now) => (this.run = now));
    return { ...applied, ...doneBy(over) };
  }
}
