import { describe, expect, it } from 'vitest';
import { livePart } from './timeline';

const curve = (...enrolled: number[]) =>
  enrolled.map((count, day) => ({ date: `2026-11-${day + 1}`, enrolled: count, completed: 0 }));

describe('the curve of a session', () => {
  it('begins the day before somebody was there', () => {
    const points = curve(0, 0, 0, 5, 5, 6, 6, 6, 6, 6, 7);
    expect(livePart(points).map((point) => point.enrolled)).toEqual([0, 5, 5, 6, 6, 6, 6, 6, 7]);
  });

  it('has enough days to be a line', () => {
    expect(livePart(curve(0, 0, 0, 0, 0, 0, 0, 0, 0, 9))).toHaveLength(7);
    expect(livePart(curve(0, 0, 0, 0, 0, 0, 0, 0, 0, 0))).toHaveLength(7);
    expect(livePart(curve(3, 4))).toHaveLength(2);
    expect(livePart([])).toEqual([]);
  });
});
