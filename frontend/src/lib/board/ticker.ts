import type { EventFrame } from '$lib/live';
import { m } from '$lib/paraglide/messages';
import { personName } from '$lib/format';
import type { Happening, Reason } from './types';

/** A ticker is for what is happening, not an archive. */
export const TICKER_LENGTH = 50;

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

export function headline(one: Happening): string {
  const name = one.learner ? personName(one.learner) : m.people_count({ count: one.count });
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

export function because(reason: Reason | null): string {
  if (reason === null) return '';
  if (reason.text) return reason.text;
  const value = (found: unknown) => (found === null || found === undefined ? '–' : String(found));
  return reason.name ? `${reason.name}: ${value(reason.new)}` : '';
}
