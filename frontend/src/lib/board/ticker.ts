import type { EventFrame } from '$lib/live';
import { m } from '$lib/paraglide/messages';
import { personName } from '$lib/format';
import type { Happening, Reason } from './types';

/** A ticker is for what is happening, not an archive. */
export const TICKER_LENGTH = 50;

/** What of an event frame the ticker shows, or nothing when it is not about a person. */
export function happeningOf(frame: EventFrame): Happening | null {
  const data = frame.data as Partial<Happening>;
  if (!data.learner || !data.at) return null;
  return {
    event: frame.event,
    learner: data.learner,
    reason: data.reason ?? null,
    at: data.at,
    position: frame.position,
  };
}

/** The newest first; what was there before and the same happening twice stay out. */
export function addHappenings(before: Happening[], more: Happening[]): Happening[] {
  const key = (one: Happening) => `${one.event} ${one.learner.id} ${one.at}`;
  const seen = new Set<string>();
  return [...more, ...before]
    .filter((one) => !seen.has(key(one)) && seen.add(key(one)))
    .sort((a, b) => b.at.localeCompare(a.at))
    .slice(0, TICKER_LENGTH);
}

export function headline(one: Happening): string {
  const name = personName(one.learner);
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
