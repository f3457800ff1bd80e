import { beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '$lib/api';
import { setLocale } from '$lib/paraglide/runtime';
import { causeOf, methodOf, undoEffect } from './words';

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
};

beforeEach(() => void setLocale('en', { reload: false }));

describe('a run in words', () => {
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

  it('says of an undo only what it does', () => {
    expect(undoEffect(run)).toMatch(/^9,530 people who entered leave again\. Unsent mail/);
    expect(undoEffect({ ...run, entered: 0, left: 1 })).toMatch(/^1 person who left comes back/);
  });
});
