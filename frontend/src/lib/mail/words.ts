import type { CancelledWhy, MessageKind, MessageState } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { Tone } from '$lib/enrollment/words';

export const MESSAGE_STATES: MessageState[] = [
  'pending',
  'dormant',
  'sending',
  'sent',
  'kept',
  'failed',
  'cancelled',
];

/** What one looks for first: what goes out, is stuck or has gone; what was called off only when asked for. */
export const MESSAGES_OF_INTEREST: MessageState[] = MESSAGE_STATES.filter((state) => state !== 'cancelled');

export function messageState(state: MessageState): { label: string; tone: Tone } {
  return {
    pending: { label: m.message_pending(), tone: 'accent' as const },
    dormant: { label: m.message_dormant(), tone: 'plain' as const },
    sending: { label: m.message_sending(), tone: 'accent' as const },
    sent: { label: m.message_sent(), tone: 'enter' as const },
    kept: { label: m.message_kept(), tone: 'plain' as const },
    failed: { label: m.message_failed(), tone: 'leave' as const },
    cancelled: { label: m.message_cancelled(), tone: 'plain' as const },
  }[state];
}

export function messageKind(kind: MessageKind): string {
  return {
    enrollment: m.message_kind_enrollment,
    invitation: m.message_kind_invitation,
    alert: m.message_kind_alert,
  }[kind]();
}

export function cancelledWhy(why: CancelledWhy): string {
  return {
    left: m.message_why_left,
    undone: m.message_why_undone,
    moved: m.message_why_moved,
    completed: m.message_why_completed,
    no_due_date: m.message_why_no_due_date,
    nothing_left: m.message_why_nothing_left,
    has_password: m.message_why_has_password,
    settled: m.message_why_settled,
    inactive: m.message_why_inactive,
    gathered: m.message_why_gathered,
    restored: m.message_why_restored,
    by_hand: m.message_why_by_hand,
  }[why]();
}

const WAITING: string[] = ['pending', 'dormant', 'sending'] satisfies MessageState[];

/** What goes out next stands first, of what is over the latest; of both together, what waits stands before what is over. */
export function orderOf(state: string): 'next' | 'due' | '-due' {
  if (state === '') return 'next';
  return WAITING.includes(state) ? 'due' : '-due';
}
