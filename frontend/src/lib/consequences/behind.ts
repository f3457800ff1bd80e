/** Who stands behind a figure of consequences, and what is to be said of each of them. */
import type { Change, ConsequencePlace, Id, PlannedMessage } from '$lib/api';
import { date, dateTime, list, personName } from '$lib/format';
import { sessionTitle } from '$lib/enrollment/runs/run-words';
import { m } from '$lib/paraglide/messages';
import { consequenceMessages, consequencePeople } from './calls';
import type { OpenedPart } from './parts';

export interface PersonBehind {
  name: string;
  email: string;
  /** A line each. */
  notes: string[];
}

/** A page of them. Whoever gets several messages stands there once for each. */
export async function peopleBehind(
  changes: Change[],
  change: OpenedPart,
  session_id: Id | null,
  page: { limit: number; cursor: string | null },
  signal: AbortSignal,
): Promise<{ items: PersonBehind[]; next: string | null; total: number }> {
  if (change === 'messages') {
    const found = await consequenceMessages(changes, page, signal);
    return { ...found, items: found.items.map(recipient) };
  }
  const found = await consequencePeople(changes, change, session_id, page, signal);
  return {
    ...found,
    items: found.items.map(({ learner, sessions }) => ({
      name: personName(learner),
      email: learner.email,
      notes: sessions.map((place) =>
        session_id === null ? `${place.session_name}: ${noteOf(place)}` : noteOf(place),
      ),
    })),
  };
}

/** Why it happens to somebody in a session, behind the dates where it is about dates. */
export function noteOf({ why, due, ends_on }: ConsequencePlace): string {
  const when = (at: string | null) => (at === null ? m.consequence_due_never() : date(at));
  if (due)
    return [m.consequence_due({ before: when(due.before), after: when(due.after) }), why.sentence].join(
      ' · ',
    );
  return ends_on ? m.consequence_ends_on({ date: date(ends_on) }) : why.sentence;
}

/** To whom a message goes, when, and what it tells. */
export function recipient({ learner, at, about }: PlannedMessage): PersonBehind {
  const kinds = {
    enrolled: m.consequence_message_enrolled,
    due_changed: m.consequence_message_due_changed,
    invited: m.consequence_message_invited,
  };
  const told = (['invited', 'enrolled', 'due_changed'] as const).flatMap((kind) => {
    const sessions = about.filter((one) => one.kind === kind);
    if (sessions.length === 0) return [];
    return [kinds[kind]({ sessions: list(sessions.map((one) => sessionTitle(one))) })];
  });
  return {
    name: learner ? personName(learner) : m.consequence_new_account(),
    email: learner?.email ?? '',
    notes: [m.consequence_message({ time: dateTime(at), what: told.join(' · ') })],
  };
}
