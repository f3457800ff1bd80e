import type { Reason, Run, RunCause, RunChange, RunState } from '$lib/api';
import { number, personName } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import { methodName, type Tone } from '../words';

/** How many people came, went and stay by a run. */
export type RunNumbers = Pick<
  Run,
  'entering' | 'leaving' | 'gaining' | 'losing' | 'completed_stay' | 'blocked'
>;

export const RUN_STATES: RunState[] = ['held', 'applying', 'applied', 'undone', 'rejected', 'failed'];

export const CHANGES: RunChange['change'][] = [
  'entered',
  'left',
  'gained',
  'lost',
  'completed_stay',
  'blocked',
  'unblocked',
  'updated',
];

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

function causeName(cause: RunCause): string {
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
    gained: { label: m.change_gained(), tone: 'plain' as const },
    lost: { label: m.change_lost(), tone: 'plain' as const },
    completed_stay: { label: m.change_completed_stay(), tone: 'plain' as const },
    blocked: { label: m.change_blocked(), tone: 'blocked' as const },
    unblocked: { label: m.change_unblocked(), tone: 'accent' as const },
    updated: { label: m.change_updated(), tone: 'plain' as const },
  }[change];
}

/** What a run did to somebody; one that waits or was rejected has done nothing, so what it would have done is told. */
export function changeIn(
  run: Pick<Run, 'state'>,
  change: RunChange['change'],
): { label: string; tone: Tone } {
  if (run.state === 'held' && change === 'entered') return { label: m.run_would_enter(), tone: 'blocked' };
  if (run.state === 'held' && change === 'left') return { label: m.run_would_leave(), tone: 'blocked' };
  if (run.state === 'rejected' && change === 'entered')
    return { label: m.run_did_not_enter(), tone: 'plain' };
  if (run.state === 'rejected' && change === 'left') return { label: m.run_did_not_leave(), tone: 'plain' };
  return changeName(change);
}

/** What brought a run about, and who. */
export function causeOf(run: Run): string {
  if (run.cause_sentence)
    return run.cause_actor
      ? m.run_because({
          sentence: run.cause_sentence,
          who: m.run_by({ name: personName(run.cause_actor) }),
        })
      : run.cause_sentence;
  const cause = causeName(run.cause);
  return run.actor ? `${cause}, ${m.run_by({ name: personName(run.actor) })}` : cause;
}

/** What the run did to people; of an act, what followed from it. */
export function numbersOf(run: Run): RunNumbers {
  if (!run.runs) return run;
  return { ...run.runs, entering: run.runs.entered, leaving: run.runs.left };
}

/** What taking a run back does. */
export function undoEffect(run: Run): string {
  const { entering, leaving } = run.runs ? numbersOf(run) : { entering: run.entered, leaving: run.left };
  return [
    isAct(run) && m.run_undo_facts(),
    entering > 0 && m.run_undo_entered({ count: entering }),
    leaving > 0 && m.run_undo_left({ count: leaving }),
    m.run_undo_rest(),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Why a held run waits: how many would come or go at once. Who enters by it only waits, as who would leave does. */
export function heldWords(run: Pick<Run, 'entering' | 'leaving'>): string {
  const { entering, leaving } = run;
  if (entering && leaving) return m.run_held_both({ entering: number(entering), leaving: number(leaving) });
  if (entering) return m.run_held_enter({ count: entering });
  return leaving ? m.run_held_notice({ count: leaving }) : m.run_held_nobody();
}

/** What approving a held run does. */
export function approveEffect(run: Pick<Run, 'entering' | 'leaving'>): string {
  return [
    run.entering > 0 && m.run_approve_enter({ count: run.entering }),
    (run.leaving > 0 || run.entering === 0) && m.run_approve_effect({ count: run.leaving }),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Whether it is an act, which stands in no session: what followed from it does. */
export const isAct = (run: Run): boolean => run.sentence !== null;

/** Where a run happened: the activity and its session; of an act what was done. */
export const placeOf = (run: Run): string => run.sentence ?? sessionTitle(run);

/** What a session is called beside its activity. */
export function sessionTitle(run: Pick<Run, 'activity_title' | 'session_name'>): string {
  const { activity_title: activity, session_name: session } = run;
  // Sessions are often called after their activity; saying it twice only takes room.
  if (activity && session?.startsWith(activity)) return session;
  return [activity, session].filter(Boolean).join(' · ');
}

/** The method that a run is of; empty when it is gone. */
export const methodOf = (run: Run): string =>
  run.method_kind === null ? '' : methodName(run.method_name, run.method_kind);

/** Whether its changes follow from facts; where somebody decided them, there is nothing to tell about each. */
export const withReasons = (run: Run): boolean =>
  !['confirm', 'act', 'approve', 'undo', 'self'].includes(run.cause);

/** Why, as the server tells it to this reader; empty when a person did it. */
export const reasonText = (reason: Reason | null): string => reason?.sentence ?? '';
