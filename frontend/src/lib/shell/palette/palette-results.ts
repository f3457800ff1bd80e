import type { Id, Role } from '$lib/api';
import * as audiencesCalls from '$lib/audiences/calls';
import * as groupsCalls from '$lib/groups/calls';
import * as learningCalls from '$lib/learning/calls';
import * as peopleCalls from '$lib/people/calls';
import { plain } from '$lib/design/pickers/options';
import { personName } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { Act } from './acts';
import { isFor, pagesFor } from '../pages';

/** A line of the palette: somewhere to go, or something to do. */
export interface PaletteResult {
  key: string;
  heading: string;
  label: string;
  hint?: string;
  color?: string | null;
  href?: string;
  run?: () => unknown;
}

const EACH = 5;

export function findPages(query: string, roles: Role[]): PaletteResult[] {
  return pagesFor(roles)
    .flatMap((section) => section.pages)
    .filter((page) => plain(page.label()).includes(plain(query)))
    .map((page) => ({
      key: page.href,
      heading: m.palette_pages(),
      label: page.label(),
      href: page.href,
    }));
}

export function findActs(query: string, acts: Act[]): PaletteResult[] {
  return acts
    .filter((act) => plain(act.label).includes(plain(query)))
    .map((act) => ({ ...act, heading: m.palette_acts() }));
}

/** People, groups, activities, sessions and segments whose names match. What this person may not read is left out. */
export async function findThings(q: string, roles: Role[], signal: AbortSignal): Promise<PaletteResult[]> {
  const query = { q, limit: EACH };
  const isAdmin = roles.includes('admin');
  const isStaff = roles.some((role) => role !== 'learner');
  const [people, groups, activities, sessions, segments] = await Promise.allSettled([
    isStaff ? peopleCalls.learners(query, signal) : nothing,
    isStaff ? groupsCalls.groups(query, signal) : nothing,
    learningCalls.activities(query, signal),
    isStaff ? learningCalls.sessions(isAdmin ? query : { ...query, mine: true }, signal) : nothing,
    isAdmin ? audiencesCalls.segments(query, signal) : nothing,
  ]);
  return [
    ...itemsOf(people).map((person) => ({
      key: `person-${person.id}`,
      heading: m.palette_people(),
      label: personName(person),
      hint: person.email,
      href: `/learners/${person.id}`,
    })),
    ...itemsOf(groups).map((group) => ({
      key: `group-${group.id}`,
      heading: m.palette_groups(),
      label: group.name,
      hint: m.people_count({ count: group.total_count }),
      color: group.color,
      href: isFor('/organisation', roles)
        ? `/organisation?group=${group.id}`
        : `/my-groups?group=${group.id}`,
    })),
    ...itemsOf(activities).map((activity) => ({
      key: `activity-${activity.id}`,
      heading: m.palette_activities(),
      label: activity.title,
      href: isAdmin ? `/activities/${activity.id}` : `/learn/${activity.id}`,
    })),
    ...itemsOf(sessions).flatMap((session) => ofSession(session, isAdmin)),
    ...itemsOf(segments).map((segment) => ({
      key: `segment-${segment.id}`,
      heading: m.nav_segments(),
      label: segment.name,
      href: `/segments/${segment.id}`,
    })),
  ];
}

function ofSession(session: { id: Id; name: string }, isAdmin: boolean): PaletteResult[] {
  const heading = m.sessions();
  return [
    {
      key: `session-${session.id}`,
      heading,
      label: session.name,
      href: isAdmin ? `/sessions/${session.id}` : `/board/${session.id}`,
    },
    {
      key: `enroll-${session.id}`,
      heading,
      label: m.palette_enroll({ session: session.name }),
      href: `/sessions/${session.id}/enroll`,
    },
  ];
}

const nothing = Promise.resolve({ items: [] });

function itemsOf<T>(answer: PromiseSettledResult<{ items: T[] }>): T[] {
  return answer.status === 'fulfilled' ? answer.value.items : [];
}
