import { type Id, type SameAudience, type WireRule } from '$lib/api';
import { sameAudiences } from '../../calls';

/** What is asked: the rule, and what of it is being edited. */
export interface SameQuestion {
  rule: WireRule;
  except_methods: Id[];
  except_segment: Id | null;
}

/** Typing rests: long after its numbers are there, so that they never wait for this. */
const RESTS_MS = 900;

/** Which methods and segments have the same people as the rule, asked when nothing has been typed for a while. */
export class SamePeople {
  items = $state.raw<SameAudience[]>([]);

  /** Follows `question` while a component initialises; `null` is not asked, and says nothing. */
  constructor(question: () => SameQuestion | null) {
    $effect(() => {
      const asked = question();
      this.items = [];
      if (asked === null) return;
      const abort = new AbortController();
      const timer = setTimeout(() => void this.#ask(asked, abort.signal), RESTS_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  async #ask(question: SameQuestion, signal: AbortSignal): Promise<void> {
    try {
      this.items = (await sameAudiences(question, signal)).items;
    } catch {
      // It is a remark, not a condition: what is wrong with the rule or the connection is told where the numbers are.
      if (!signal.aborted) this.items = [];
    }
  }
}
