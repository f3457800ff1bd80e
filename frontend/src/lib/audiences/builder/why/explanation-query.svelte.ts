import type { Explanation, Rule } from '$lib/api';
import * as audiencesCalls from '$lib/audiences/calls';
import type { Audience } from '../state/audience.svelte';

/** Arrow keys pass people faster than reasons are read. */
const PAUSE_MS = 120;

/** Why the open person is in the draft's audience or not, asked again as the draft and the people change. */
export class ExplanationQuery {
  answer = $state.raw<Explanation | null>(null);
  /** The rule that was explained. */
  about = $state.raw<Rule | null>(null);
  error = $state.raw<unknown>(null);
  #again = $state(0);

  /** Follows the audience while a component initialises. */
  constructor(audience: Audience) {
    const { editor, previewCounts } = audience;
    $effect(() => {
      const learner_id = audience.person;
      const rule = editor.rule;
      const { at, sessionId } = audience;
      void [this.#again, previewCounts.current?.preview.position];
      if (learner_id === null || !editor.countable || editor.empty) return;
      const abort = new AbortController();
      const body = {
        rule,
        learner_id,
        ...(at ? { at } : {}),
        ...(sessionId === undefined ? {} : { session_id: sessionId }),
      };
      const timer = setTimeout(async () => {
        try {
          this.answer = await audiencesCalls.explain(body, abort.signal);
          this.about = rule;
          this.error = null;
        } catch (caught) {
          if (!abort.signal.aborted) this.error = caught;
        }
      }, PAUSE_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
    $effect(() => {
      void audience.person;
      this.answer = null;
    });
  }

  askAgain(): void {
    this.#again += 1;
  }
}
