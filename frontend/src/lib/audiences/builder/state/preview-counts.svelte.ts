import { untrack } from 'svelte';
import type { Block, Day, Filter, Id, ProblemError, Rule } from '$lib/api';
import { live } from '$lib/live';
import type { LiveProblem } from '$lib/live';
import { countsByLine, isBegun, isUnfinished, isUnfinishedBlock, type CountsByLine } from '../core';

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
export class PreviewCounts {
  current = $state.raw<CountsByLine | null>(null);
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
  get behind(): boolean {
    return live.staleSince !== null || this.problem !== null || this.answered !== this.#question();
  }

  /** Whether the totals on screen are not those of the rule: of an older one, or only of what is finished of it. */
  get old(): boolean {
    return this.behind || Boolean(this.#question()?.partly);
  }

  /** The same of one part: what is not finished in another takes nothing from its numbers. */
  oldIn(block: Block): boolean {
    return this.behind || isUnfinishedBlock(block);
  }

  /** The same of the people that are left after a line, which rests on those before it alone. */
  oldAt(block: Block, filter: Filter): boolean {
    if (this.behind || !isBegun(block)) return true;
    const until = block.filters.indexOf(filter);
    return block.filters.slice(0, until + 1).some(isUnfinished);
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
            this.current = countsByLine(question.rule, preview);
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
