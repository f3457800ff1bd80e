import { describe, expect, it } from 'vitest';
import { endOfDay } from './zone';

describe('the end of a day', () => {
  it('is where the organisation is, on both sides of a change of the clocks', () => {
    expect(endOfDay('2026-12-31', 'UTC')).toBe('2026-12-31T23:59:59Z');
    expect(endOfDay('2026-07-01', 'Europe/Oslo')).toBe('2026-07-01T21:59:59Z');
    expect(endOfDay('2026-10-24', 'Europe/Oslo')).toBe('2026-10-24T21:59:59Z');
    expect(endOfDay('2026-10-25', 'Europe/Oslo')).toBe('2026-10-25T22:59:59Z');
    expect(endOfDay('2026-03-29', 'Europe/Oslo')).toBe('2026-03-29T21:59:59Z');
    expect(endOfDay('2026-11-28', 'Pacific/Auckland')).toBe('2026-11-28T10:59:59Z');
    expect(endOfDay('2026-11-28', 'America/Los_Angeles')).toBe('2026-11-29T07:59:59Z');
  });
});
