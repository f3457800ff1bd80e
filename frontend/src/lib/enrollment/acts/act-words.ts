/** The acts on enrollments: what they are called, and as one is asked about. */
import type { ActKind, Change, Enrollment } from '$lib/api';
import { m } from '$lib/paraglide/messages';

type Counted = (inputs: { count: number }) => string;

const TITLES: Record<ActKind, Counted> = {
  suspend: m.act_suspend_title,
  resume: m.resume_title,
  extend: m.extend_title,
  unenroll: m.unenroll_title,
  exclude: m.exclude_title,
  move: m.move_title,
};
const DONE: Record<ActKind, Counted> = {
  suspend: m.suspended_done,
  resume: m.resumed_done,
  extend: m.extended_done,
  unenroll: m.unenrolled_done,
  exclude: m.excluded_done,
  move: m.moved_done,
};
const WORDS: Record<ActKind, () => string> = {
  suspend: m.enrollment_suspend,
  resume: m.enrollment_resume,
  extend: m.enrollment_extend,
  unenroll: m.enrollment_unenroll,
  exclude: m.act_exclude,
  move: m.act_move,
};
const EFFECTS: Record<ActKind, () => string> = {
  suspend: m.act_suspend_effect,
  resume: m.resume_effect,
  extend: m.extend_effect,
  unenroll: m.unenroll_effect,
  exclude: m.exclude_effect,
  move: m.move_effect,
};

export const actTitle = (kind: ActKind, count: number) => TITLES[kind]({ count });
export const actWord = (kind: ActKind) => WORDS[kind]();
export const doneWords = (kind: ActKind, count: number) => DONE[kind]({ count });

/** What an act does to these people, before it is done. `completed` of those who were chosen stay as they are. */
export function actEffect(kind: ActKind, enrollments: Enrollment[], completed: number): string {
  const ends = kind === 'unenroll' || kind === 'exclude' || kind === 'move';
  const progress = enrollments.filter((one) => one.progress > 0 && one.state !== 'completed').length;
  return [
    EFFECTS[kind](),
    ends && progress > 0 && m.unenroll_progress({ count: progress }),
    ends && completed > 0 && m.unenroll_completed({ count: completed }),
  ]
    .filter(Boolean)
    .join(' ');
}

/** What belongs to one of the acts: an exclusion's end, a due date or how much later, the session to move to. */
export type ActTerms = Pick<
  Extract<Change, { act: 'enrollments' }>,
  'until' | 'due_at' | 'weeks' | 'months' | 'session_id'
>;

/** The act as its consequences are asked about. */
export const enrollmentsAct = (kind: ActKind, enrollments: Enrollment[], terms: ActTerms = {}): Change[] => [
  { act: 'enrollments', ids: enrollments.map((one) => one.id), do: kind, ...terms },
];
