import { describe, expect, it } from 'vitest';
import { across, sparkPath } from './spark';

const series = (values: (number | null)[], stepped = false) => ({ label: '', color: '', values, stepped });

describe('a line without axes', () => {
  it('starts its counts at zero and has the most at the top', () => {
    expect(sparkPath([0, 5, 10], series([0, 5, 10]), 10)).toBe('M0 96L500 50L1000 4');
  });

  it('keeps to the hour in steps', () => {
    expect(sparkPath([0, 10], series([0, 10], true), 10)).toBe('M0 96H1000V4');
  });

  it('is interrupted where nothing is known', () => {
    expect(sparkPath([0, 5, 10], series([0, null, 10]), 10)).toBe('M0 96M1000 4');
  });

  it('lies at the foot where everything is zero, and at the left where there is one moment', () => {
    expect(sparkPath([7], series([0]), 0)).toBe('M0 96');
    expect(across([7], 7)).toBe(0);
  });
});
