import { describe, expect, it } from 'vitest';
import { rowKeys, scrollTo, TALLEST_PX, windowOf } from './window';

const ROW = 40;
const VIEW = 600;

describe('the drawn part of a list', () => {
  it('draws what is in view and a little around it', () => {
    const part = windowOf(1_000, ROW, VIEW, 4_000);
    expect(part.start).toBeLessThanOrEqual(100);
    expect(part.end).toBeGreaterThanOrEqual(115);
    expect(part.end - part.start).toBeLessThan(40);
    expect(part.top).toBe(part.start * ROW);
    expect(part.height).toBe(40_000);
  });

  it('draws all of a short list and nothing of an empty one', () => {
    expect(windowOf(3, ROW, VIEW, 0)).toMatchObject({ start: 0, end: 3, height: 120 });
    expect(windowOf(0, ROW, VIEW, 0)).toMatchObject({ start: 0, end: 0, height: 0 });
  });

  it('reaches the last of a million rows although no element may be that tall', () => {
    const count = 1_000_000;
    const { height } = windowOf(count, ROW, VIEW, 0);
    expect(height).toBe(TALLEST_PX);
    const last = windowOf(count, ROW, VIEW, height - VIEW);
    expect(last.end).toBe(count);
    // The last row ends where the view ends.
    expect(last.top + (count - last.start) * ROW).toBeCloseTo(height, 3);
  });

  it('keeps the first row in view at every place, scaled or not', () => {
    for (const count of [50, 10_000, 1_000_000])
      for (let share = 0; share <= 1; share += 0.05) {
        const { height } = windowOf(count, ROW, VIEW, 0);
        const scrolled = share * Math.max(0, height - VIEW);
        const part = windowOf(count, ROW, VIEW, scrolled);
        expect(part.top).toBeLessThanOrEqual(scrolled + 0.001);
        expect(part.top + (part.end - part.start) * ROW).toBeGreaterThanOrEqual(
          Math.min(scrolled + VIEW, count * ROW) - 0.001,
        );
      }
  });

  it('scrolls just far enough for a row to be in view', () => {
    expect(scrollTo(0, 1_000, ROW, VIEW, 4_000)).toBe(0);
    expect(scrollTo(105, 1_000, ROW, VIEW, 4_000)).toBe(4_000);
    expect(scrollTo(120, 1_000, ROW, VIEW, 4_000)).toBe(121 * ROW - VIEW);
    const there = scrollTo(777_777, 1_000_000, ROW, VIEW, 0);
    const part = windowOf(1_000_000, ROW, VIEW, there);
    expect(part.start).toBeLessThanOrEqual(777_777);
    expect(part.end).toBeGreaterThan(777_777);
  });
});

describe('keys of rows', () => {
  it('go with whose the rows are, not with where they stand', () => {
    expect(rowKeys([7, 8], 0)).toEqual(['7', '8']);
    expect(rowKeys([5, 7, 8], 0).slice(1)).toEqual(['7', '8']);
  });

  it('are different ones, whatever is there twice or not read yet', () => {
    const keys = rowKeys([7, 7, undefined, -7, undefined], 20);
    expect(keys).toEqual(['7', 'at 21', 'at 22', '-7', 'at 24']);
  });
});
