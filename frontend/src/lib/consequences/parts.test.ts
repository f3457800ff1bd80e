import { describe, expect, it } from 'vitest';
import { isQuiet, parts } from './parts';
import type { Consequences } from '$lib/api';

const nothing: Consequences = {
  hash: 'h',
  position: 1,
  people: 0,
  entering: 0,
  leaving: 0,
  gaining: 0,
  losing: 0,
  completed_stay: 0,
  blocked: 0,
  freed: 0,
  held: 0,
  due_changes: 0,
  ending: 0,
  ending_on: null,
  messages: 0,
  partial: false,
  sessions: [],
  frozen: [],
};

describe('the line of consequences', () => {
  it('leaves out what is nought', () => {
    const found = parts({ ...nothing, entering: 3, messages: 3 });
    expect(found.map(({ key, count }) => [key, count])).toEqual([
      ['entering', 3],
      ['messages', 3],
    ]);
  });

  it('says which dates become others', () => {
    const words = (found: Consequences) => parts(found).map(({ count, word }) => `${count} ${word}`);
    expect(words({ ...nothing, due_changes: 3 })).toEqual(['3 due dates change']);
    expect(words({ ...nothing, ending: 2 })).toEqual(['2 enrollments end by date']);
    expect(words({ ...nothing, ending: 1, ending_on: '2027-03-05' })[0]).toMatch(
      /^1 enrollment ends on .*2027/,
    );
  });

  it('asks nothing where nobody is concerned', () => {
    expect(isQuiet(nothing)).toBe(true);
    expect(isQuiet({ ...nothing, losing: 1 })).toBe(false);
    expect(isQuiet({ ...nothing, held: 1 })).toBe(false);
    expect(isQuiet({ ...nothing, due_changes: 1 })).toBe(false);
  });
});
