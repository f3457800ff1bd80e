import { describe, expect, it } from 'vitest';
import { WHOLE_STEPS } from './whole-steps';

describe('lines of a chart of people', () => {
  it('are whole people apart, from one to billions, in order', () => {
    expect(WHOLE_STEPS.every(Number.isInteger)).toBe(true);
    expect(WHOLE_STEPS[0]).toBe(1);
    expect(WHOLE_STEPS).toEqual(WHOLE_STEPS.toSorted((a, b) => a - b));
    expect(WHOLE_STEPS.at(-1)).toBeGreaterThan(1e9);
  });
});
