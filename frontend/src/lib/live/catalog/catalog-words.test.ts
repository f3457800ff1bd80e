import { beforeEach, describe, expect, it } from 'vitest';
import { setLocale } from '$lib/paraglide/runtime';
import { endedWords } from './catalog-words';

const hidden = { kind: null, name: '', sentence: 'Your organisation enrolled you.' };
const byHand = { kind: 'manual' as const, name: 'E-mail', sentence: 'Enrolled by hand: E-mail.' };
const bySelf = { kind: 'self' as const, name: '', sentence: 'Self enrollment.' };
const rule = { kind: 'audience' as const, name: 'Sales', sentence: 'People in Sales.' };

beforeEach(() => void setLocale('en', { reload: false }));

describe('why somebody has something in their catalog', () => {
  it('is said once it is over, too', () => {
    expect(endedWords('Safety', 'Spring', [hidden])).toMatch(/your organisation no longer enrolls you/);
    expect(endedWords('Safety', 'Spring', [rule])).toMatch(/no longer among “People in Sales\.”/);
    expect(endedWords('Safety', 'Spring', [byHand])).toMatch(/your organisation no longer enrolls you/);
    expect(endedWords('Safety', 'Spring', [bySelf, rule])).toMatch(/no longer among/);
    expect(endedWords('Safety', 'Spring', [])).toContain('Safety');
    expect(endedWords('Safety', 'Spring', [bySelf])).toBe(endedWords('Safety', 'Spring', []));
  });
});
