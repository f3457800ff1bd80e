import { describe, expect, it } from 'vitest';
import { largestSize } from './number-size';

describe('a number in a ring', () => {
  it('gets smaller with its figures', () => {
    expect(largestSize('576', 128)).toBeGreaterThan(40);
    expect(largestSize('10,106', 128)).toBeLessThan(128 / 4);
    expect(largestSize('1,000,000', 58)).toBeGreaterThan(8);
  });
});
