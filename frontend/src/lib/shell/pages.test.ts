import { describe, expect, it } from 'vitest';
import { isFor } from './pages';

describe('pages', () => {
  it('are for those whose roles have something to do there', () => {
    for (const path of [
      '/paths',
      '/courses',
      '/learners',
      '/organisation',
      '/segments/new',
      '/runs',
      '/outbox',
    ])
      expect([path, isFor(path, ['coach', 'learner'])]).toEqual([path, false]);
    expect(isFor('/sessions/1/enroll', ['learner'])).toBe(false);
    expect(isFor('/sessions/1/enroll', ['coach', 'learner'])).toBe(true);
    expect(isFor('/activities/1', ['coach', 'learner'])).toBe(false);
    expect(isFor('/learners', ['group_admin'])).toBe(true);
    expect(isFor('/board/1', ['learner'])).toBe(false);
    for (const path of ['/catalog', '/learn/1', '/learning', '/settings', '/learners/5'])
      expect([path, isFor(path, ['learner'])]).toEqual([path, true]);
    for (const path of ['/paths', '/activities/1', '/sessions/1', '/runs/1', '/settings'])
      expect([path, isFor(path, ['admin'])]).toEqual([path, true]);
  });
});
