import { beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '$lib/api';
import { setLocale } from '$lib/paraglide/runtime';
import { approveEffect, causeOf, changeIn, heldWords, methodOf, undoEffect } from './run-words';

const run: Run = {
  id: 7,
  method_id: 3,
  method_name: '',
  method_kind: 'audience',
  session_id: 1,
  session_name: 'Autumn',
  activity_title: 'Welcome week',
  cause: 'confirm',
  state: 'applied',
  actor: { id: 1, email: 'ada@example.org', first_name: 'Ada', last_name: 'Admin' },
  entered: 9530,
  left: 0,
  blocked: 0,
  entering: 9530,
  leaving: 0,
  gaining: 0,
  losing: 0,
  completed_stay: 0,
  total: 9530,
  done: 9530,
  progress: 1,
  position: 9,
  undo_of: null,
  undone_by: null,
  can_undo: true,
  created_at: '2026-01-01T00:00:00Z',
  finished_at: null,
  sentence: null,
  caused_by: null,
  cause_sentence: null,
  cause_actor: null,
  runs: null,
};

beforeEach(() => void setLocale('en', { reload: false }));

describe('a run in words', () => {
  it('tells of no change that did not happen', () => {
    const said = (state: Run['state']) =>
      (['entered', 'left'] as const).map((change) => changeIn({ state }, change).label);
    expect(said('held')).toEqual(['Would enter', 'Would leave']);
    expect(said('rejected')).toEqual(['Did not enter', 'Did not leave']);
    expect(said('applied')).toEqual(['Entered', 'Left']);
  });

  it('says what brought it about as well as who', () => {
    expect(causeOf(run)).toBe('Confirmed, by Ada Admin');
    expect(causeOf({ ...run, cause: 'undo' })).toBe('Undo, by Ada Admin');
    expect(causeOf({ ...run, cause: 'change', actor: null })).toBe('Facts changed');
  });

  it('calls a method without a name by its kind', () => {
    expect(methodOf(run)).toBe('Audience');
    expect(methodOf({ ...run, method_name: 'Regions' })).toBe('Regions');
    expect(methodOf({ ...run, method_id: null, method_name: null, method_kind: null })).toBe('');
  });

  it('says of a held one whether people would come or go', () => {
    const held: Run = { ...run, state: 'held', total: 1200 };
    expect(heldWords({ ...held, entering: 0, leaving: 8 })).toMatch(/^8 people would leave at once/);
    expect(heldWords({ ...held, entering: 1200, leaving: 0 })).toMatch(/^1,200 people would enter at once/);
    expect(heldWords({ ...held, entering: 1200, leaving: 8 })).toMatch(
      /^1,200 people would enter and 8 would/,
    );
    expect(approveEffect({ ...held, entering: 1, leaving: 0 })).toMatch(/^1 person enters the session/);
    expect(approveEffect({ ...held, entering: 1, leaving: 8 })).toMatch(/^1 person enters .* 8 people leave/);
  });

  it('says of an undo only what it does', () => {
    expect(undoEffect(run)).toMatch(/^9,530 people who entered leave again\. Unsent mail/);
    expect(undoEffect({ ...run, entered: 0, left: 1 })).toMatch(/^1 person who left comes back/);
  });
});
