import { now } from '$lib/format/clock';
import type { Player } from './types';

/** Why the steps of something cannot be taken now; `open` where they can. */
export type Access = 'open' | 'not_enrolled' | 'suspended' | 'not_yet';

export function accessOf(enrollment: Player['enrollment'], at: Date = now()): Access {
  if (enrollment === null) return 'not_enrolled';
  if (enrollment.state === 'suspended') return 'suspended';
  return enrollment.starts_at !== null && new Date(enrollment.starts_at) > at ? 'not_yet' : 'open';
}
