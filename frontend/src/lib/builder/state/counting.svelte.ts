import { untrack } from 'svelte';
import type { Day, Id, ProblemError, Rule } from '$lib/api';
import { live } from '$lib/live';
import type { LiveProblem } from '$lib/live';
import { counted, type Counted } from '../core';

export interface Question {
  rule: Rule;
  session_id: Id | undefined;
  at: Day | undefined;
  /** It leaves out what is not finished: its numbers are shown, but are not those of the draft. */
  partly?: boolean;
}

/** Long enough to swallow the keys of one word, too short to be noticed. */
const TYPING_PAUSE_MS = 60;

/**
 * The counts of a rule, over the socket: at once after each edit, and again whenever people change. While part of the
 * rule is not finished the rest is counted, marked as old.
 */
export class Counting {
  current = $state.raw<Counted | null>(null);
  problem = $state.raw<LiveProblem | null>(null);
  /** The question that `current` answers. */
  answered = $state.raw<Question | null>(null);
  #question: () => Question | null;
  #asked = 0;

  /** Follows `question` while a component initialises; `null` waits. */
  constructor(question: () => Question | null) {
    this.#question = question;
    $effect(() => {
      const next = this.#question();
      if (next === null) return;
      return untrack(() => this.#follow(next));
    });
  }

  get errors(): ProblemError[] {
    return this.problem?.errors ?? [];
  }

  /** Whether the numbers on screen belong to an older rule, or the connection is lost. */
  get old(): boolean {
    const now = this.#question();
    const { staleSince } = live;
    return staleSince !== null || this.problem !== null || this.answered !== now || Boolean(now?.partly);
  }

  #follow(question: Question): () => void {
    let stop = () => {};
    const timer = setTimeout(() => {
      // Every question has a name of its own: an answer under way can never be taken for that to a newer one.
      this.#asked += 1;
      stop = live.preview(
        `rule-${this.#asked}`,
        question.rule,
        question.session_id,
        {
          counts: (preview) => {
            this.current = counted(question.rule, preview);
            this.answered = question;
            this.problem = null;
          },
          problem: (problem) => {
            this.answered = question;
            // Its lines are not those on screen: what is wrong is told once the rule is whole.
            this.problem = question.partly ? null : problem;
          },
        },
        question.at,
      );
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }
}
