import type { Component } from 'svelte';
import BadgeCheck from '@lucide/svelte/icons/badge-check';
import BookOpen from '@lucide/svelte/icons/book-open';
import Building from '@lucide/svelte/icons/building-2';
import Compass from '@lucide/svelte/icons/compass';
import FileSpreadsheet from '@lucide/svelte/icons/file-spreadsheet';
import Filter from '@lucide/svelte/icons/filter';
import Grid3x3 from '@lucide/svelte/icons/grid-3x3';
import GraduationCap from '@lucide/svelte/icons/graduation-cap';
import History from '@lucide/svelte/icons/history';
import LayoutDashboard from '@lucide/svelte/icons/layout-dashboard';
import Inbox from '@lucide/svelte/icons/inbox';
import ListChecks from '@lucide/svelte/icons/list-checks';
import Mail from '@lucide/svelte/icons/mail';
import Network from '@lucide/svelte/icons/network';
import Route from '@lucide/svelte/icons/route';
import Settings from '@lucide/svelte/icons/settings';
import Waypoints from '@lucide/svelte/icons/waypoints';
import Users from '@lucide/svelte/icons/users';
import UsersRound from '@lucide/svelte/icons/users-round';
import { m } from '$lib/paraglide/messages';
import type { Role } from '$lib/api';

export interface PageEntry {
  href: string;
  label: () => string;
  icon: Component;
  roles: Role[];
  /** `g` then this letter goes there. */
  letter?: string;
}

export interface PageSection {
  /** What comes before all others has no heading. */
  label: (() => string) | null;
  pages: PageEntry[];
}

/** Who administers looks for these beside the organisation, who coaches beside their sessions. */
const ASSIGNMENTS = { href: '/assignments', label: m.nav_assignments, icon: Grid3x3 };
const INVENTORY = { href: '/inventory', label: m.inventory, icon: BadgeCheck, letter: 'v' };

/** A page that stands in several sections is shown in the first of them that the reader has. */
const SECTIONS: PageSection[] = [
  {
    label: null,
    pages: [
      {
        href: '/needs-you',
        label: m.nav_needs_you,
        icon: Inbox,
        roles: ['admin', 'group_admin', 'coach', 'instructor'],
        letter: 'n',
      },
    ],
  },
  {
    label: m.nav_section_admin,
    pages: [
      {
        href: '/paths',
        label: m.nav_paths,
        icon: Route,
        roles: ['admin'],
        letter: 'p',
      },
      { href: '/courses', label: m.nav_courses, icon: BookOpen, roles: ['admin'], letter: 'c' },
      { href: '/learners', label: m.nav_learners, icon: Users, roles: ['admin', 'group_admin'], letter: 'l' },
      {
        href: '/organisation',
        label: m.nav_organisation,
        icon: Building,
        roles: ['admin', 'group_admin'],
        letter: 'o',
      },
      { ...ASSIGNMENTS, roles: ['admin', 'group_admin'] },
      { ...INVENTORY, roles: ['admin', 'group_admin'] },
      { href: '/segments', label: m.nav_segments, icon: Filter, roles: ['admin'], letter: 's' },
      { href: '/imports', label: m.nav_imports, icon: FileSpreadsheet, roles: ['admin'], letter: 'i' },
      {
        href: '/enrollment-rules',
        label: m.nav_enrollment_rules,
        icon: Waypoints,
        roles: ['admin'],
        letter: 'e',
      },
      {
        href: '/rehearsals',
        label: m.nav_rehearsals,
        icon: ListChecks,
        roles: ['admin'],
        letter: 'h',
      },
      { href: '/runs', label: m.nav_runs, icon: History, roles: ['admin'], letter: 'r' },
      { href: '/outbox', label: m.nav_outbox, icon: Mail, roles: ['admin'], letter: 'm' },
      { href: '/settings', label: m.nav_settings, icon: Settings, roles: ['admin'], letter: 't' },
    ],
  },
  {
    label: m.nav_section_coach,
    pages: [
      {
        href: '/board',
        label: m.nav_my_sessions,
        icon: LayoutDashboard,
        roles: ['admin', 'coach', 'instructor', 'group_admin'],
        letter: 'b',
      },
      { href: '/my-groups', label: m.nav_my_groups, icon: UsersRound, roles: ['coach', 'group_admin'] },
      { ...ASSIGNMENTS, roles: ['coach'] },
      { ...INVENTORY, roles: ['coach'] },
      { href: '/team', label: m.nav_team, icon: Network, roles: ['manager'] },
    ],
  },
  {
    label: m.nav_section_learner,
    pages: [
      {
        href: '/catalog',
        label: m.nav_catalog,
        icon: Compass,
        roles: ['learner'],
        letter: 'k',
      },
      { href: '/learning', label: m.nav_learning, icon: GraduationCap, roles: ['learner'] },
    ],
  },
];

/** What the rail shows to someone with these roles. */
export function pagesFor(roles: Role[]): PageSection[] {
  const shown = new Set<string>();
  return SECTIONS.map((section) => ({
    ...section,
    pages: section.pages.filter((page) => {
      const fits = !shown.has(page.href) && page.roles.some((role) => roles.includes(role));
      if (fits) shown.add(page.href);
      return fits;
    }),
  })).filter((section) => section.pages.length > 0);
}

/** Places below no entry of the rail, and who finds something there; the most particular first. */
const PLACES: [RegExp, Role[]][] = [
  [/^\/runs\/./, ['admin', 'group_admin', 'coach', 'instructor', 'manager']],
  [/^\/learners\/./, ['admin', 'group_admin', 'coach', 'instructor', 'manager', 'learner']],
  [/^\/sessions\//, ['admin', 'group_admin', 'coach', 'instructor', 'manager']],
  [/^\/activities\//, ['admin']],
  [/^\/proposals/, ['admin', 'group_admin', 'coach', 'instructor']],
  // Everybody has an account.
  [/^\/settings/, ['admin', 'group_admin', 'coach', 'instructor', 'manager', 'learner']],
];

/** Whether a page is for somebody with these roles: what is not for them is neither shown nor half shown. */
export function isFor(path: string, roles: Role[]): boolean {
  const entries = SECTIONS.flatMap((section) => section.pages);
  const wanted =
    PLACES.find(([place]) => place.test(path))?.[1] ??
    entries
      .filter((page) => path === page.href || path.startsWith(`${page.href}/`))
      .flatMap((page) => page.roles);
  return wanted.length === 0 || wanted.some((role) => roles.includes(role));
}

/** Where someone with these roles begins. */
export function startFor(roles: Role[]): string {
  if (roles.includes('admin')) return '/paths';
  if (roles.includes('coach') || roles.includes('instructor')) return '/board';
  return pagesFor(roles).find((section) => section.label)?.pages[0]?.href ?? '/catalog';
}

/** The entry that `path` lies under; for places of their own, such as a session, the one its crumbs begin with. */
export function currentOf(pages: PageEntry[], path: string, origin: string | undefined): string | undefined {
  const under = (href: string) =>
    pages.find((page) => href === page.href || href.startsWith(`${page.href}/`));
  return (under(path) ?? under(origin ?? ''))?.href;
}
