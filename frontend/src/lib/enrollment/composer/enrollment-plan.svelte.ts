import { isProblem, type EnrollmentConsequences, type EnrollmentRequest } from '$lib/api';
import { changedConsequences } from '$lib/consequences/acts.svelte';
import { applyEnrollments, planEnrollments, type EnrollmentsDone } from './calls';
import type { SessionChoice } from './draft.svelte';

/** A choice is often followed by another a moment later, and addresses are typed letter by letter. */
const SETTLES_MS = 250;

/** Called where an activity has several open sessions. */
type Choose = (target: number, sessions: SessionChoice[]) => void;

/** What enrolling would do, asked whenever what is asked for changes, and done as it was shown. */
export class EnrollmentPlan {
  found = $state.raw<EnrollmentConsequences | null>(null);
  error = $state.raw<unknown>(null);
  /** Whether what is shown is of what is asked for now. */
  current = $state(false);
  /** Whether the world changed between looking and doing: `found` is then the new plan. */
  anew = $state(false);

  constructor(request: () => EnrollmentRequest | null, choose: Choose) {
    const asked = $derived(JSON.stringify(request()));
    $effect(() => {
      const body = JSON.parse(asked) as EnrollmentRequest | null;
      this.current = this.anew = false;
      this.error = null;
      if (body === null) {
        this.found = null;
        return;
      }
      const abort = new AbortController();
      const timer = setTimeout(() => void this.#ask(body, choose, abort.signal), SETTLES_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  /** Does what is shown; `null` where the world has changed, and the new consequences are shown instead. */
  async carryOut(request: EnrollmentRequest): Promise<EnrollmentsDone | null> {
    if (this.found === null) return null;
    this.error = null;
    try {
      return await applyEnrollments(request, this.found.hash);
    } catch (error) {
      const now = changedConsequences(error);
      if (now === null) {
        this.error = error;
        return null;
      }
      // What addresses are, and which methods are there, is not asked anew: neither is what changed.
      this.found = { ...this.found, ...now };
      this.anew = true;
      return null;
    }
  }

  async #ask(body: EnrollmentRequest, choose: Choose, signal: AbortSignal): Promise<void> {
    try {
      this.found = await planEnrollments(body, signal);
      this.current = true;
    } catch (error) {
      if (signal.aborted) return;
      this.found = null;
      const several = sessionsToChoose(error);
      if (several) choose(several.target, several.sessions);
      else this.error = error;
    }
  }
}

/** The sessions of an activity that has several open ones, and which of the targets it is. */
export function sessionsToChoose(error: unknown): { target: number; sessions: SessionChoice[] } | null {
  if (!isProblem(error) || !error.type.endsWith('choose_session')) return null;
  const { sessions = [] } = error.body as { sessions?: SessionChoice[] };
  // Asked about as an act, it is the first of the changes.
  const place = /^(?:changes\[0\]\.)?targets\[(\d+)\]/.exec(error.errors[0]?.path ?? '')?.[1];
  return sessions.length && place !== undefined ? { target: Number(place), sessions } : null;
}
