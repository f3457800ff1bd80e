import { api, type Role } from '$lib/api';
import { personName } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import { plain } from '$lib/design/options';
import { pagesFor } from './pages';

export interface Found {
  key: string;
  heading: string;
  label: string;
  hint?: string;
  href: string;
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

/** People, groups and activities whose names match. A part that this person may not read is left out. */
export async function findThings(q: string, signal: AbortSignal): Promise<Found[]> {
  const query = { q, limit: EACH };
  const [people, groups, activities] = await Promise.allSettled([
    api.learners(query, signal),
    api.groups(query, signal),
    api.activities(query, signal),
  ]);
  const found: Found[] = [];
  if (people.status === 'fulfilled')
    for (const person of people.value.items)
      found.push({
        key: `person-${person.id}`,
        heading: m.palette_people(),
        label: personName(person),
        hint: person.email,
        href: `/learners/${person.id}`,
      });
  if (groups.status === 'fulfilled')
    for (const group of groups.value.items)
      found.push({
        key: `group-${group.id}`,
        heading: m.palette_groups(),
        label: group.name,
        hint: m.people_count({ count: group.total_count }),
        href: `/organisation?group=${group.id}`,
      });
  if (activities.status === 'fulfilled')
    for (const activity of activities.value.items)
      found.push({
        key: `activity-${activity.id}`,
        heading: m.palette_activities(),
        label: activity.title,
        href: `/activities/${activity.id}`,
      });
  return found;
}
