import { beforeEach, describe, expect, it } from 'vitest';
import { setLocale } from '$lib/paraglide/runtime';
import { savedWords } from './words';

beforeEach(() => void setLocale('en', { reload: false }));

const NOBODY = { entered: 0, left: 0, gaining: 0, losing: 0, completed_stay: 0, blocked: 0 };

describe('what saving says', () => {
  it('tells what happened in the reader’s figures, and not what did not', () => {
    expect(savedWords({ ...NOBODY, entered: 9530, blocked: 2 })).toBe('Saved: 9,530 entered, 2 blocked');
    expect(savedWords({ ...NOBODY, left: 1, completed_stay: 27 })).toBe('Saved: 1 left, 27 completed stay');
    expect(savedWords({ ...NOBODY, gaining: 36 })).toBe('Saved: 36 already enrolled gained a second reason');
    expect(savedWords(NOBODY)).toBe('Saved. Nobody enters or leaves.');
    expect(savedWords({ ...NOBODY, gaining: 3, losing: 1 }, true)).toBe(
      'Saved: 3 put into the class, 1 taken out of it',
    );
    expect(savedWords(NOBODY, true)).toBe('Saved. Nobody is put into the class or taken out of it.');
  });
});
