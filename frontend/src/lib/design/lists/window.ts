/**
 * Browsers cut off elements taller than some 17 to 33 million pixels, so that a list of a million rows cannot simply be
 * as tall as its rows. Above this height the scrollbar's way is scaled onto the rows' way.
 */
export const TALLEST_PX = 8_000_000;

export interface Window {
  /** First row drawn, and the one after the last. */
  start: number;
  end: number;
  /** Where the first drawn row stands inside the scrolled element, in pixels. */
  top: number;
  /** Height of the scrolled element. */
  height: number;
}

const OVERSCAN = 8;

/** Which of `count` rows of `rowHeight` to draw in a view of `viewHeight` that is scrolled to `scrollTop`. */
export function windowOf(count: number, rowHeight: number, viewHeight: number, scrollTop: number): Window {
  const full = count * rowHeight;
  const height = Math.min(full, TALLEST_PX);
  const way = Math.max(0, height - viewHeight);
  const fullWay = Math.max(0, full - viewHeight);
  const scrolled = Math.min(Math.max(0, scrollTop), way);
  const offset = way === 0 ? 0 : scrolled * (fullWay / way);
  const first = Math.floor(offset / rowHeight);
  const start = Math.max(0, first - OVERSCAN);
  const end = Math.min(count, Math.ceil((offset + viewHeight) / rowHeight) + OVERSCAN);
  return { start, end, top: scrolled - (offset - start * rowHeight), height };
}

/** Where to scroll so that row `index` is in view; the present place when it is already. */
export function scrollTo(
  index: number,
  count: number,
  rowHeight: number,
  viewHeight: number,
  scrollTop: number,
): number {
  const full = count * rowHeight;
  const way = Math.max(0, Math.min(full, TALLEST_PX) - viewHeight);
  const fullWay = Math.max(0, full - viewHeight);
  const scale = way === 0 ? 1 : fullWay / way;
  const offset = Math.min(Math.max(0, scrollTop), way) * scale;
  const top = index * rowHeight;
  if (top < offset) return top / scale;
  if (top + rowHeight > offset + viewHeight) return (top + rowHeight - viewHeight) / scale;
  return scrollTop;
}

/**
 * What each row is known by while a list moves: whose it is, so that what is pressed on one person never reaches whoever has come to
 * their place. Who stands in the list twice, read from pages between which they moved, is known by the place too, as is a row
 * that is still read.
 */
export function rowKeys(ids: readonly (number | undefined)[], start: number): string[] {
  const seen: number[] = [];
  return ids.map((id, at) => {
    if (id === undefined || seen.includes(id)) return `at ${start + at}`;
    seen.push(id);
    return String(id);
  });
}
