import type { LearnerStatus, Run, RunCause, RunChange, RunReason, RunState } from '$lib/api';
import { languageName } from '$lib/format';
import { statusName } from '$lib/people/words';
import { m } from '$lib/paraglide/messages';
import type { Tone } from '$lib/sessions/words';

export const RUN_STATES: RunState[] = ['held', 'applying', 'applied', 'undone', 'rejected', 'failed'];

export function runState(state: RunState): { label: string; tone: Tone } {
  return {
    applying: { label: m.run_applying(), tone: 'accent' as const },
    applied: { label: m.run_applied(), tone: 'enter' as const },
    held: { label: m.run_held(), tone: 'blocked' as const },
    rejected: { label: m.run_rejected(), tone: 'plain' as const },
    undone: { label: m.run_undone(), tone: 'plain' as const },
    failed: { label: m.run_failed(), tone: 'leave' as const },
  }[state];
}

export function causeName(cause: RunCause): string {
  return {
    confirm: m.cause_confirm,
    change: m.cause_change,
    clock: m.cause_clock,
    import: m.cause_import,
    act: m.cause_act,
    self: m.cause_self,
    approve: m.cause_approve,
    undo: m.cause_undo,
    check: m.cause_check,
  }[cause]();
}

export function changeName(change: RunChange['change']): { label: string; tone: Tone } {
  return {
    entered: { label: m.change_entered(), tone: 'enter' as const },
    left: { label: m.change_left(), tone: 'leave' as const },
    blocked: { label: m.change_blocked(), tone: 'blocked' as const },
    unblocked: { label: m.change_unblocked(), tone: 'accent' as const },
    updated: { label: m.change_updated(), tone: 'plain' as const },
  }[change];
}

/** How many leave, or would: a held run has taken nobody out yet, its whole list waits. */
export const leavingOf = (run: Run): number => (run.state === 'held' ? run.total : run.left);

/** Where a run happened: the activity and its session. */
export function placeOf(run: Run): string {
  const { activity_title: activity, session_name: session } = run;
  // Sessions are often called after their activity; saying it twice only takes room.
  if (activity && session?.startsWith(activity)) return session;
  return [activity, session].filter(Boolean).join(' · ');
}

/** Whether its changes follow from facts; where somebody decided them, there is nothing to tell about each. */
export const withReasons = (run: Run): boolean =>
  !['confirm', 'act', 'approve', 'undo', 'self'].includes(run.cause);

/** The fact that caused a change, in words; empty when a person did it. */
export function reasonText(reason: RunReason | null): string {
  if (reason === null) return '';
  if (reason.text) return reason.text;
  const name = reason.name ?? '';
  switch (reason.facet) {
    case 'membership':
      return reason.new === null ? m.reason_not_in({ name }) : m.reason_in({ name });
    case 'status':
      return m.reason_status({ status: statusName(reason.new as LearnerStatus) });
    case 'language':
      return m.reason_language({ language: languageName(String(reason.new)) });
    case 'result':
      return m.reason_result({ name });
    case 'award':
      return m.reason_award({ name });
    case 'manager':
      return m.reason_manager();
    case 'day':
      return m.reason_day();
    case 'field':
      return m.reason_field({ name, value: reason.new === null ? m.not_set() : String(reason.new) });
    default:
      return name;
  }
}
