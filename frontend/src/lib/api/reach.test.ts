import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Reach } from './reach.svelte';

const { signal } = new AbortController();
const gone = () => Promise.reject(new TypeError('Failed to fetch'));
const here = (status = 200) => Promise.resolve(new Response(null, { status }));

describe('reach', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is lost when a request finds nobody, and found again by itself', async () => {
    let up = false;
    const reach = new Reach(() => (up ? here(503) : gone()));
    await expect(reach.through(gone, signal)).rejects.toThrow('Failed to fetch');
    expect(reach.lostSince).not.toBeNull();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reach.lostSince).not.toBeNull();
    up = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(reach.lostSince).toBeNull();
  });

  it('is lost behind a gateway that finds nobody', async () => {
    const reach = new Reach(gone);
    await reach.through(() => here(502), signal);
    expect(reach.lostSince).not.toBeNull();
    await reach.through(() => here(404), signal);
    expect(reach.lostSince).toBeNull();
  });

  it('makes nothing of a question that was taken back', async () => {
    const reach = new Reach(here);
    const abort = new AbortController();
    abort.abort();
    await expect(reach.through(gone, abort.signal)).rejects.toThrow();
    expect(reach.lostSince).toBeNull();
  });
});
