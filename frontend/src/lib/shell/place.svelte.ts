export interface Crumb {
  label: string;
  href?: string;
}

/** Where one is, for the top bar and the window's title. Pages say it while they initialise. */
class Place {
  crumbs = $state.raw<Crumb[]>([]);
}

export const place = new Place();

/** `at(() => [{ label: m.nav_paths(), href: '/paths' }, { label: path.title }])` follows what it reads. */
export function at(crumbs: () => Crumb[]): void {
  $effect(() => {
    place.crumbs = crumbs();
  });
}
