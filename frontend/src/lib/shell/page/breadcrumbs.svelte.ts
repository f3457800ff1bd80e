import { m } from '$lib/paraglide/messages';

export interface Crumb {
  label: string;
  href?: string;
}

/** Where one is, for the top bar and the window's title. Pages say it while they initialise. */
class Breadcrumbs {
  crumbs = $state.raw<Crumb[]>([]);
}

export const breadcrumbs = new Breadcrumbs();

/** What is called so: dots stand for what has not come yet, words for what will not. */
export function nameOrWait(name: string | undefined, error: unknown): string {
  return name ?? (error ? m.crumb_missing() : '…');
}

/** `setBreadcrumbs(() => [{ label: m.nav_paths(), href: '/paths' }, { label: path.title }])` follows what it reads. */
export function setBreadcrumbs(crumbs: () => Crumb[]): void {
  $effect(() => {
    breadcrumbs.crumbs = crumbs();
  });
}
