import type { MessageKind, MessageState } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { Tone } from '$lib/sessions/words';

export const MESSAGE_STATES: MessageState[] = ['pending', 'sending', 'sent', 'kept', 'failed', 'cancelled'];

export function messageState(state: MessageState): { label: string; tone: Tone } {
  return {
    pending: { label: m.message_pending(), tone: 'accent' as const },
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
