import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rereading } from './rereading';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('reading again what changes are told of', () => {
  it('is done at once, and then no oftener than the gap', () => {
    const again = vi.fn();
    const rereading = new Rereading(again, () => 2_000);
    rereading.soon();
    vi.advanceTimersByTime(0);
    expect(again).toHaveBeenCalledTimes(1);
    rereading.soon();
    rereading.soon();
    vi.advanceTimersByTime(1_999);
    expect(again).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(again).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(60_000);
    expect(again).toHaveBeenCalledTimes(2);
  });

  it('is earlier where something changes while it is due later', () => {
    const again = vi.fn();
    const rereading = new Rereading(again, () => 2_000);
    rereading.in(5_000);
    rereading.soon();
    vi.advanceTimersByTime(0);
    expect(again).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10_000);
    expect(again).toHaveBeenCalledTimes(1);
  });

  it('waits while nobody looks', () => {
    const again = vi.fn();
    const rereading = new Rereading(again, () => 2_000);
    rereading.shown(false);
    rereading.soon();
    vi.advanceTimersByTime(60_000);
    expect(again).not.toHaveBeenCalled();
    rereading.shown(true);
    vi.advanceTimersByTime(0);
    expect(again).toHaveBeenCalledTimes(1);
    rereading.shown(false);
    rereading.end();
    rereading.shown(true);
    vi.advanceTimersByTime(60_000);
    expect(again).toHaveBeenCalledTimes(1);
  });
});
