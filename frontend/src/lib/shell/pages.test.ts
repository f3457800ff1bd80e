import { describe, expect, it } from 'vitest';
import { m } from '$lib/paraglide/messages';
import { isFor, pagesFor } from './pages';

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
    for (const path of ['/assignments', '/inventory'])
      expect([isFor(path, ['coach']), isFor(path, ['group_admin']), isFor(path, ['learner'])]).toEqual([
        true,
        true,
        false,
      ]);
  });

  it('stand once in the rail, where who reads it looks for them', () => {
    const sectionsOf = (roles: Parameters<typeof pagesFor>[0], href: string) =>
      pagesFor(roles).flatMap((section) =>
        section.pages.filter((page) => page.href === href).map(() => section.label?.()),
      );
    for (const href of ['/assignments', '/inventory']) {
      expect(sectionsOf(['coach', 'learner'], href)).toEqual([m.nav_section_coach()]);
      expect(sectionsOf(['admin', 'coach'], href)).toEqual([m.nav_section_admin()]);
    }
    expect(pagesFor(['coach', 'learner']).map((section) => section.label?.())).not.toContain(
      m.nav_section_admin(),
    );
  });
});
