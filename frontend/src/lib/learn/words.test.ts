import { beforeEach, describe, expect, it } from 'vitest';
import { setLocale } from '$lib/paraglide/runtime';
import { endedWords, whyWords } from './words';

const hidden = { kind: null, name: '', sentence: 'Enrolled by your organisation.' };
const byHand = { kind: 'manual' as const, name: 'E-mail', sentence: 'Enrolled by hand: E-mail.' };
const rule = { kind: 'audience' as const, name: 'Sales', sentence: 'People in Sales.' };

beforeEach(() => void setLocale('en', { reload: false }));

describe('why somebody has something in their catalog', () => {
  it('reads as a sentence, whatever brought it', () => {
    expect(whyWords(hidden)).toBe('Enrolled by your organisation.');
    expect(whyWords(byHand)).toBe('Because somebody in your organisation enrolled you');
    expect(whyWords(rule)).toBe('Because you are among: People in Sales.');
  });

  it('is said once it is over, too', () => {
    expect(endedWords('Safety', 'Spring', [hidden])).toMatch(/your organisation no longer enrolls you/);
    expect(endedWords('Safety', 'Spring', [rule])).toMatch(/no longer among “People in Sales\.”/);
    expect(endedWords('Safety', 'Spring', [])).toContain('Safety');
  });
});
