import type { Run, RunCause, RunChange, RunState } from '$lib/api';
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

/** Where a run happened: the activity and its session. */
export function placeOf(run: Run): string {
  return [run.activity_title, run.session_name].filter(Boolean).join(' · ');
}
