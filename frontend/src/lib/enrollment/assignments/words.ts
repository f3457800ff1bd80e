import type { Assignment } from '$lib/api';
import { date } from '$lib/format';
import { m } from '$lib/paraglide/messages';

/** On which terms a group gives access, in a few words. */
export const terms = (one: Assignment): string =>
  [
    one.subgroups ? m.access_with_subgroups() : m.access_only_direct(),
    one.mandatory && m.method_mandatory(),
    one.due_at && m.method_due_at({ date: date(one.due_at) }),
    one.due_days != null && m.method_due_days({ count: one.due_days }),
    one.due_field !== null && m.method_due_by_field({ count: one.due_field_days ?? 0 }),
    one.priority !== 0 && m.method_priority_is({ priority: one.priority }),
  ]
    .filter(Boolean)
    .join(' · ');
