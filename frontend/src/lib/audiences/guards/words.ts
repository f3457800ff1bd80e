import type { Expected, PinCheck, RuleVersion } from '$lib/api';
import { personName } from '$lib/format';
import { m } from '$lib/paraglide/messages';

export const expectedWord = (expected: Expected) => (expected === 'in' ? m.pin_in() : m.pin_out());

/** "Ana Lopez must be in". */
export const pinSays = (pin: Pick<PinCheck, 'learner' | 'expected'>) =>
  (pin.expected === 'in' ? m.pin_says_in : m.pin_says_out)({ name: personName(pin.learner) });

/** How a version came to be, beside who saved it. */
export function causeWord(version: RuleVersion): string {
  if (version.cause === 'undo') return m.version_by_undo();
  return version.run_id === null ? m.version_saved() : m.version_confirmed();
}

/** Always with a sign, never by colour alone. */
export const SIGNS = { added: '+', removed: '−', changed: '↔' } as const;
