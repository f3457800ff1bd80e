/** A page that has not told its name by then has something worse to tell. */
const LONGEST_WAIT_MS = 5_000;

/** As soon as somebody does something by themselves, the focus is theirs. */
const OWN_ACTS = ['keydown', 'pointerdown'] as const;

let stop = () => {};

/** Moves the focus to the heading of a page once it is there, and again when the page exchanges it while it loads. */
export function focusHeading(page: HTMLElement | undefined): void {
  stop();
  if (!page) return;
  const observer = new MutationObserver(() => take(page));
  observer.observe(page, { childList: true, subtree: true });
  const timer = setTimeout(() => stop(), LONGEST_WAIT_MS);
  stop = () => {
    clearTimeout(timer);
    observer.disconnect();
    for (const act of OWN_ACTS) removeEventListener(act, stop, true);
  };
  for (const act of OWN_ACTS) addEventListener(act, stop, true);
  take(page);
}

function take(page: HTMLElement): void {
  const active = document.activeElement;
  if (active && active !== document.body && active !== page) return;
  const heading = page.querySelector<HTMLElement>('h1');
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
