import type { QualificationRow } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export type QualificationState = QualificationRow['state'];
export const QUALIFICATION_STATES: QualificationState[] = [
  'missing',
  'in_progress',
  'qualified',
  'expiring',
  'expired',
];
type Tone = 'plain' | 'accent' | 'enter' | 'leave' | 'blocked';

/** A state in words and its tone; exhaustive. */
export function qualificationState(state: QualificationState): { label: string; tone: Tone } {
  switch (state) {
    case 'qualified':
      return { label: m.qualification_qualified(), tone: 'enter' };
    case 'in_progress':
      return { label: m.qualification_in_progress(), tone: 'accent' };
    case 'missing':
      return { label: m.qualification_missing(), tone: 'plain' };
    case 'expiring':
      return { label: m.qualification_expiring(), tone: 'blocked' };
    case 'expired':
      return { label: m.qualification_expired(), tone: 'leave' };
  }
}
