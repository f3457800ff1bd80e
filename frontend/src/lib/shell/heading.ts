/** A page that has not told its name by then has something worse to tell. */
const LONGEST_WAIT_MS = 5_000;

let waiting: MutationObserver | null = null;

/** Moves the focus to the heading of a page as soon as it is there, unless somebody put it elsewhere meanwhile. */
export function focusHeading(page: HTMLElement | undefined): void {
  waiting?.disconnect();
  waiting = null;
  if (!page || focused(page)) return;
  const observer = new MutationObserver(() => focused(page) && observer.disconnect());
  waiting = observer;
  observer.observe(page, { childList: true, subtree: true });
  setTimeout(() => observer.disconnect(), LONGEST_WAIT_MS);
}

function focused(page: HTMLElement): boolean {
  const active = document.activeElement;
  if (active && active !== document.body && active !== page && active.isConnected) return true;
  const heading = page.querySelector<HTMLElement>('h1');
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
}
