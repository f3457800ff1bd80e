import { api, type Id, type Role } from '$lib/api';
import { plain } from '$lib/design/options';
import { personName } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { Act } from './acts';
import { isFor, pagesFor } from './pages';

/** A line of the palette: somewhere to go, or something to do. */
export interface Found {
  key: string;
  heading: string;
  label: string;
  hint?: string;
  href?: string;
  run?: () => unknown;
}

const EACH = 5;

export function findPages(query: string, roles: Role[]): Found[] {
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

export function findActs(query: string, acts: Act[]): Found[] {
  return acts
    .filter((act) => plain(act.label).includes(plain(query)))
    .map((act) => ({ ...act, heading: m.palette_acts() }));
}

/** People, groups, activities, sessions and segments whose names match. What this person may not read is left out. */
export async function findThings(q: string, roles: Role[], signal: AbortSignal): Promise<Found[]> {
  const query = { q, limit: EACH };
  const isAdmin = roles.includes('admin');
  const isStaff = roles.some((role) => role !== 'learner');
  const [people, groups, activities, sessions, segments] = await Promise.allSettled([
    isStaff ? api.learners(query, signal) : nothing,
    isStaff ? api.groups(query, signal) : nothing,
    api.activities(query, signal),
    isStaff ? api.sessions(isAdmin ? query : { ...query, mine: true }, signal) : nothing,
    isAdmin ? api.segments(query, signal) : nothing,
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

function ofSession(session: { id: Id; name: string }, isAdmin: boolean): Found[] {
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
