import type { EventFrame } from '$lib/live';
import { m } from '$lib/paraglide/messages';
import { personName } from '$lib/format';
import type { Happening, Reason } from './board-types';

/** A ticker is for what is happening, not an archive. */
export const TICKER_LENGTH = 100;

/** What of an event frame the ticker shows, or nothing when it is not about people. */
export function happeningOf(frame: EventFrame): Happening | null {
  const { at, count, learner, reason } = frame.data;
  return learner || count
    ? { event: frame.event, learner, count, reason, at, position: frame.position }
    : null;
}

/** What makes a happening the same as another, whether the socket told it or the history. */
export const happeningKey = (one: Happening): string =>
  `${one.event} ${one.learner?.id ?? `many ${one.count}`} ${Date.parse(one.at)}`;

/** The newest first; what was there before and the same happening twice stay out. */
export function addHappenings(before: Happening[], more: Happening[]): Happening[] {
  const seen = new Set<string>();
  return [...more, ...before]
    .filter((one) => !seen.has(happeningKey(one)) && seen.add(happeningKey(one)))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, TICKER_LENGTH);
}

/** What follows each other this closely for one reason is one thing that happened, to several people. */
const AT_ONCE_MS = 5_000;
/** Fewer are told one by one. */
const TOLD_TOGETHER = 4;

/** A line of the ticker: one happening, or several alike told as one. */
export interface Line {
  key: string;
  first: Happening;
  /** Infinite where the ticker begins in the middle of it. */
  others: number;
}

export function linesOf(items: Happening[]): Line[] {
  const runs: Happening[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run?.[0] && isAlike(run[0], item)) run.push(item);
    else runs.push([item]);
  }
  const isCut = (run: Happening[]) => run === runs.at(-1) && items.length >= TICKER_LENGTH;
  return runs.flatMap((run): Line[] =>
    run.length >= TOLD_TOGETHER
      ? [{ key: happeningKey(run[0]!), first: run[0]!, others: isCut(run) ? Infinity : run.length - 1 }]
      : run.map((first) => ({ key: happeningKey(first), first, others: 0 })),
  );
}

const isAlike = (one: Happening, other: Happening): boolean =>
  one.event === other.event &&
  one.learner !== null &&
  other.learner !== null &&
  because(one.reason) === because(other.reason) &&
  Math.abs(Date.parse(one.at) - Date.parse(other.at)) <= AT_ONCE_MS;

export function headline(one: Happening, others = 0): string {
  const name = one.learner
    ? personName(one.learner) || m.faces_someone()
    : m.people_count({ count: one.count });
  if (others > 0) return together(one.event, andOthers(name, others));
  if (!one.learner && one.count > 1) return together(one.event, name);
  switch (one.event) {
    case 'entered':
      return m.faces_entered({ name });
    case 'left':
      return m.faces_left({ name });
    case 'completed':
      return m.faces_has_completed({ name });
    case 'blocked':
      return m.faces_was_blocked({ name });
    case 'unblocked':
      return m.faces_was_unblocked({ name });
    default:
      return m.faces_changed({ name });
  }
}

const andOthers = (name: string, others: number): string =>
  others === Infinity ? m.faces_and_many({ name }) : m.faces_and_others({ name, count: others });

function together(event: Happening['event'], names: string): string {
  switch (event) {
    case 'entered':
      return m.faces_all_entered({ names });
    case 'left':
      return m.faces_all_left({ names });
    case 'completed':
      return m.faces_all_completed({ names });
    case 'blocked':
      return m.faces_all_blocked({ names });
    case 'unblocked':
      return m.faces_all_unblocked({ names });
    default:
      return m.faces_all_changed({ names });
  }
}

/** Why, as the server tells it to this reader. */
export const because = (reason: Reason | null): string => reason?.sentence ?? '';
