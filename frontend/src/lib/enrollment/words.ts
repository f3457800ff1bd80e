import type { Activity, EnrollmentState, Method, MethodKind, MethodState } from '$lib/api';
import { date } from '$lib/format';
import { me } from '$lib/access/me.svelte';
import { m } from '$lib/paraglide/messages';
import type { Crumb } from '$lib/shell/page/breadcrumbs.svelte';
import { methodKindOf } from './methods';

export type Tone = 'plain' | 'accent' | 'enter' | 'leave' | 'blocked';

export function methodKind(kind: MethodKind | null): string {
  if (kind === null) return m.method_another();
  return methodKindOf(kind).name();
}

/** What a method is called: many have no name of their own, and a sealed one tells neither name nor kind. */
export const methodName = (name: string | null, kind: MethodKind | null): string => name || methodKind(kind);

export function methodState(state: MethodState): { label: string; tone: Tone } {
  return {
    live: { label: m.method_live(), tone: 'enter' as const },
    frozen: { label: m.method_frozen(), tone: 'leave' as const },
    held: { label: m.method_held(), tone: 'blocked' as const },
    draft: { label: m.method_draft(), tone: 'plain' as const },
  }[state];
}

/** `blocked` is not an enrollment yet: it waits for one in another session to end. */
export function enrollmentState(state: EnrollmentState | 'blocked'): { label: string; tone: Tone } {
  return {
    active: { label: m.state_active(), tone: 'accent' as const },
    completed: { label: m.state_completed(), tone: 'enter' as const },
    expired: { label: m.state_expired(), tone: 'plain' as const },
    suspended: { label: m.state_suspended(), tone: 'blocked' as const },
    blocked: { label: m.run_blocked(), tone: 'blocked' as const },
  }[state];
}

const BY_NAME: (MethodKind | null)[] = ['manual', 'self'];

/** How a method enrolls, in a few words. */
export function policy(method: Method): string {
  return [
    // Who is held by name came one by one: nothing is followed, and nothing was looked at once.
    method.dynamic ? m.method_dynamic() : !BY_NAME.includes(method.kind) && m.method_static(),
    method.follow === 'enter' && m.follow_enter(),
    method.follow === 'leave' && m.follow_leave(),
    method.reenter === 'never' && m.reenter_never(),
    method.reenter_days != null && m.method_reenter_days({ count: method.reenter_days }),
    method.starts_at && m.method_from({ date: date(method.starts_at) }),
    method.ends_at && m.method_until({ date: date(method.ends_at) }),
    method.mandatory && m.method_mandatory(),
    method.due_at && m.method_due_at({ date: date(method.due_at) }),
    method.due_days != null && m.method_due_days({ count: method.due_days }),
    method.due_field !== null && m.method_due_by_field({ count: method.due_field_days ?? 0 }),
    method.priority !== 0 && m.method_priority_is({ priority: method.priority }),
    method.recertify_months != null && m.method_recertify({ count: method.recertify_months }),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** What a session lies under: for who keeps the courses their lists, for others their own sessions. */
export function above(activity: Activity | undefined): Crumb[] {
  if (!me.isAdmin)
    return [{ label: m.nav_my_sessions(), href: '/board' }, ...(activity ? [{ label: activity.title }] : [])];
  return [
    activity?.kind === 'course'
      ? { label: m.nav_courses(), href: '/courses' }
      : { label: m.nav_paths(), href: '/paths' },
    ...(activity ? [{ label: activity.title, href: `/activities/${activity.id}` }] : []),
  ];
}
