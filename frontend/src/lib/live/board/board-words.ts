import type { EnrollmentState } from '$lib/api';
import { m } from '$lib/paraglide/messages';

/** States of an enrollment, and those the board counts. */
export type ShownState = EnrollmentState | 'in_progress' | 'not_started' | 'overdue' | 'blocked';

export const SHOWN_STATES: ShownState[] = [
  'in_progress',
  'not_started',
  'completed',
  'overdue',
  'blocked',
  'suspended',
  'expired',
];

export function shownState(state: ShownState): string {
  switch (state) {
    case 'active':
      return m.faces_active();
    case 'completed':
      return m.faces_completed();
    case 'expired':
      return m.faces_expired();
    case 'suspended':
      return m.faces_is_suspended();
    case 'in_progress':
      return m.faces_in_progress();
    case 'not_started':
      return m.faces_not_started();
    case 'overdue':
      return m.faces_overdue();
    case 'blocked':
      return m.faces_blocked();
  }
}
