/** What the composer's button says it does. */
import type { EnrollmentConsequences } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { Target } from './target-options';

/** "3 courses", by the narrowest noun that fits all of them. */
export function placesWords(targets: (Target | undefined)[]): string {
  const count = targets.length;
  const all = (noun: Target['noun']) => targets.every((target) => target?.noun === noun);
  if (all('course')) return m.composer_courses({ count });
  if (all('session')) return m.composer_sessions({ count });
  return m.composer_activities({ count });
}

/** People who are enrolled, each once; `null` where the figures do not say. */
export function peopleEnrolled(found: EnrollmentConsequences): number | null {
  const [only, ...more] = found.sessions;
  if (only !== undefined && more.length === 0) return only.entering;
  const others =
    found.leaving +
    found.gaining +
    found.losing +
    found.completed_stay +
    found.blocked +
    found.freed +
    found.held;
  return others === 0 ? found.people : null;
}

export interface Enrolling {
  /** Whether it is one person, named where the composer was opened. */
  onePerson: boolean;
  /** Whether who comes later is enrolled as well. */
  follows: boolean;
  targets: (Target | undefined)[];
  found: EnrollmentConsequences | null;
}

/** "Enroll 12 people in 3 courses"; `null` where there is nothing to do. */
export function actionWords({ onePerson, follows, targets, found }: Enrolling): string | null {
  if (found === null) return m.composer_enroll();
  const places = placesWords(targets);
  if (found.entering === 0)
    return follows
      ? m.composer_assign_to({ places })
      : found.gaining + found.blocked > 0
        ? m.composer_add_reason()
        : null;
  if (onePerson)
    return targets.length === 1 ? m.composer_enroll() : m.composer_enroll_in({ count: targets.length });
  const people = peopleEnrolled(found);
  return people === null
    ? m.composer_enrollments({ count: found.entering })
    : m.composer_enroll_people({ people: m.people_count({ count: people }), places });
}

/** What was done, for the toast: "5 people enrolled in 3 courses". */
export function doneWords({ targets, found }: Enrolling): string {
  const entering = found?.entering ?? 0;
  const people = found === null ? null : peopleEnrolled(found);
  if (entering === 0) return m.composer_done_assigned({ places: placesWords(targets) });
  return people === null
    ? m.composer_done_enrollments({ count: entering })
    : m.composer_done({ people: m.people_count({ count: people }), places: placesWords(targets) });
}
