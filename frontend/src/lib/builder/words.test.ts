import { beforeEach, describe, expect, it } from 'vitest';
import { setLocale } from '$lib/paraglide/runtime';
import { savedWords } from './words';

beforeEach(() => void setLocale('en', { reload: false }));

describe('what saving says', () => {
  it('tells what happened in the reader’s figures, and not what did not', () => {
    expect(savedWords({ entered: 9530, left: 0, blocked: 2 })).toBe('Saved: 9,530 entered, 2 blocked');
    expect(savedWords({ entered: 0, left: 1, blocked: 0 })).toBe('Saved: 1 left');
    expect(savedWords({ entered: 0, left: 0, blocked: 0 })).toBe('Saved. Nobody enters or leaves.');
  });
});
