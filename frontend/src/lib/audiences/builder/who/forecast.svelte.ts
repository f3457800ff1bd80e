import { untrack } from 'svelte';
import type { Day, ForecastPoint, Rule } from '$lib/api';
import * as audiencesCalls from '$lib/audiences/calls';
import { addDays } from '$lib/format/days';

/** The curve is looked at, not typed against. */
const AHEAD_PAUSE_MS = 400;
/** Looking back reads the change log, so it waits until the rule has settled. */
const BACK_PAUSE_MS = 900;
/** So many days of the past are asked about. */
const LOOKS_BACK = 6;

/**
 * The audience's size over time: what it was on some days of the past (from the history), and what it will be on each
 * day to come if only time goes on.
 */
export class Forecast {
  past = $state.raw<ForecastPoint[]>([]);
  future = $state.raw<ForecastPoint[]>([]);

  constructor(ask: () => { rule: Rule; today: Day; days: number; moment: number } | null) {
    // As text, so that the same question in another object is not asked again.
    const asked = $derived.by(() => {
      const question = ask();
      return question && JSON.stringify([question.rule, question.today, question.days, question.moment]);
    });
    $effect(() => {
      if (asked === null) return;
      const [rule, today, days] = JSON.parse(asked) as [Rule, Day, number];
      return later(AHEAD_PAUSE_MS, async (signal) => {
        this.future = await audiencesCalls.forecast({ rule, from: today, to: addDays(today, days) }, signal);
      });
    });
    const settled = $derived.by(() => {
      const question = ask();
      return question && JSON.stringify([question.rule, question.today, question.days]);
    });
    $effect(() => {
      if (settled === null) return;
      const [rule, today, days] = JSON.parse(settled) as [Rule, Day, number];
      return later(BACK_PAUSE_MS, async (signal) => {
        this.past = await audiencesCalls.audienceHistory({ rule, days: before(today, days) }, signal);
      });
    });
  }
}

/** Some days of the past, the earliest first. */
const before = (today: Day, days: number): Day[] =>
  Array.from({ length: LOOKS_BACK }, (_, look) =>
    addDays(today, -Math.round((days * (LOOKS_BACK - look)) / LOOKS_BACK)),
  );

/** Runs after a pause unless the question changes first; without an answer the old curve stays. */
function later(ms: number, run: (signal: AbortSignal) => Promise<void>): () => void {
  const abort = new AbortController();
  const timer = setTimeout(() => untrack(() => void run(abort.signal).catch(() => {})), ms);
  return () => {
    clearTimeout(timer);
    abort.abort();
  };
}
