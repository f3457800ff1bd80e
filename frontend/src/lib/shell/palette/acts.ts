import type { Role } from '$lib/api';
import * as accessCalls from '$lib/access/calls';
import { toasts } from '$lib/design';
import { openComposer } from '$lib/enrollment/composer/opening/open';
import { mayEnroll } from '$lib/enrollment/composer/opening/rights';
import { languageName } from '$lib/format';
import { problemText } from '$lib/format/problem';
import { live } from '$lib/live';
import { m } from '$lib/paraglide/messages';
import { getLocale, locales, setLocale } from '$lib/paraglide/runtime';
import { theme } from '../frame/theme.svelte';

/** Something one can do from anywhere: a place that does it, or the doing itself. */
export type Act = { key: string; label: string } & ({ href: string } | { run: () => unknown });

export async function signOut(): Promise<void> {
  try {
    await accessCalls.signOut();
  } catch (error) {
    toasts.show(problemText(error), { tone: 'leave' });
    return;
  }
  live.close();
  // A full load drops everything that was read for this person.
  location.href = '/sign-in';
}

export function actsFor(roles: Role[], onshortcuts: () => void): Act[] {
  const making: Act[] = [
    { key: 'new-path', label: m.path_new(), href: '/paths?new=path' },
    { key: 'new-program', label: m.program_new(), href: '/paths?new=program' },
    { key: 'new-course', label: m.course_new(), href: '/courses?new=course' },
    { key: 'new-person', label: m.learner_new(), href: '/learners?new=person' },
    { key: 'new-group', label: m.group_new(), href: '/organisation?new=group' },
    { key: 'new-segment', label: m.segment_new(), href: '/segments/new' },
  ];
  const enrolling: Act[] = [
    { key: 'enroll', label: m.composer_open(), run: () => openComposer() },
    { key: 'assign', label: m.composer_open_assign(), run: () => openComposer() },
  ];
  return [
    ...(mayEnroll() ? enrolling : []),
    ...(roles.includes('admin') ? making : []),
    ...(roles.some((role) => ['admin', 'group_admin', 'coach', 'instructor'].includes(role))
      ? [{ key: 'proposals', label: m.proposals(), href: '/proposals' }]
      : []),
    { key: 'account', label: m.nav_account(), href: '/settings?tab=account' },
    { key: 'theme-light', label: m.theme_light(), run: () => theme.set('light') },
    { key: 'theme-dark', label: m.theme_dark(), run: () => theme.set('dark') },
    { key: 'theme-system', label: m.theme_system(), run: () => theme.set('system') },
    ...locales
      .filter((locale) => locale !== getLocale())
      .map((locale) => ({
        key: `language-${locale}`,
        label: m.palette_language({ language: languageName(locale) }),
        run: () => void setLocale(locale),
      })),
    { key: 'shortcuts', label: m.shortcuts_title(), run: onshortcuts },
    { key: 'sign-out', label: m.sign_out(), run: signOut },
  ];
}
