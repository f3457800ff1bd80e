/** Activities and sessions to enroll in, for the boxes of the composer. */
import type { Id, Session } from '$lib/api';
import type { Option } from '$lib/design';
import * as learningCalls from '$lib/learning/calls';
import { kindName, sessionDates } from '$lib/learning/words';
import { me } from '$lib/access/me.svelte';
import { m } from '$lib/paraglide/messages';
import { groupName } from '$lib/people/picker/options';
import { groupKind } from '$lib/people/words';
import { loadQualifications } from '$lib/qualifications/options';
import { enrollsTeamOnly } from './opening/rights';
import type { TargetKey } from './draft.svelte';

const SHOWN = 30;
const SESSIONS_SHOWN = 10;

/** What a box says of a target, and which noun counts it. */
export interface Target {
  label: string;
  noun: 'course' | 'activity' | 'session';
}

/** What has been loaded so far, so that what was chosen keeps its name. */
export type KnownTargets = Map<string, Target>;

const nameOf = (session: Session): string =>
  session.name === session.activity_title ? session.name : `${session.activity_title} · ${session.name}`;

const ofSession = (session: Session, known: KnownTargets): Option => {
  const value: TargetKey = `session-${session.id}`;
  const label = nameOf(session);
  known.set(value, { label, noun: 'session' });
  return { value, label, hint: sessionDates(session) };
};

/** Legacy sessions are not enrolled in by methods. */
const withMethods = (sessions: Session[]) => sessions.filter((session) => !session.legacy);

/** Admins choose activities, and sessions by name; others the sessions that they may enroll in. */
export async function loadTargets(
  known: KnownTargets,
  q: string,
  signal: AbortSignal,
  qualifications = false,
): Promise<Option[]> {
  const [learning, required] = await Promise.all([
    loadLearning(known, q, signal),
    qualifications ? loadQualifications(q, signal) : [],
  ]);
  return [
    ...learning,
    ...required.map((one): Option => {
      const value: TargetKey = `qualification-${Number(one.value)}`;
      known.set(value, { label: one.label, noun: 'activity' });
      return { ...one, value, hint: groupKind('qualification') };
    }),
  ];
}

async function loadLearning(known: KnownTargets, q: string, signal: AbortSignal): Promise<Option[]> {
  if (!me.isAdmin) return ownSessions(known, q, signal);
  const [activities, sessions] = await Promise.all([
    learningCalls.activities({ q, limit: SHOWN }, signal),
    q.trim() ? learningCalls.sessions({ q, limit: SESSIONS_SHOWN }, signal) : { items: [] },
  ]);
  return [
    ...activities.items.map((activity): Option => {
      const value: TargetKey = `activity-${activity.id}`;
      known.set(value, { label: activity.title, noun: activity.kind === 'course' ? 'course' : 'activity' });
      return { value, label: activity.title, hint: kindName(activity.kind) };
    }),
    ...withMethods(sessions.items).map((session) => ofSession(session, known)),
  ];
}

/** Those that the reader may enroll in, and then those of which an admin has to be asked; managers see only the first. */
async function ownSessions(known: KnownTargets, q: string, signal: AbortSignal): Promise<Option[]> {
  const [mine, all] = await Promise.all([
    learningCalls.sessions({ q, enrollable: true, limit: SHOWN }, signal),
    enrollsTeamOnly() ? { items: [] } : learningCalls.sessions({ q, limit: SHOWN }, signal),
  ]);
  const own = new Set(mine.items.map((session) => session.id));
  return [
    ...withMethods(mine.items).map((session) => ofSession(session, known)),
    ...withMethods(all.items)
      .filter((session) => !own.has(session.id))
      .map((session) => ({ ...ofSession(session, known), hint: m.composer_not_yours(), faded: true })),
  ];
}

/** Learns the names of what was filled in from where the composer was opened. */
export async function learnTargets(known: KnownTargets, keys: TargetKey[]): Promise<void> {
  await Promise.all(
    keys.map(async (key) => {
      const id: Id = Number(key.split('-')[1]);
      if (key.startsWith('session')) ofSession(await learningCalls.session(id), known);
      else if (key.startsWith('qualification'))
        known.set(key, { label: await groupName(id), noun: 'activity' });
      else {
        const { title, kind } = await learningCalls.activity(id);
        known.set(key, { label: title, noun: kind === 'course' ? 'course' : 'activity' });
      }
    }),
  );
}
