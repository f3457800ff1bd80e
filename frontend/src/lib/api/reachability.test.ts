import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Reachability } from './reachability.svelte';

const asking = (path: string, init?: RequestInit) => new Request(`http://muster.test/api/v1${path}`, init);
const people = asking('/learners');
const gone = () => Promise.reject(new TypeError('Failed to fetch'));
const here = (status = 200) => Promise.resolve(new Response(null, { status }));

describe('reach', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is lost when a request finds nobody, and found again by itself', async () => {
    let up = false;
    const reachability = new Reachability(() => (up ? here(503) : gone()));
    await expect(reachability.through(people, gone)).rejects.toThrow('Failed to fetch');
    expect(reachability.lostSince).not.toBeNull();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reachability.lostSince).not.toBeNull();
    up = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(reachability.lostSince).toBeNull();
  });

  it('is lost behind a gateway that finds nobody', async () => {
    const reachability = new Reachability(gone);
    await reachability.through(people, () => here(502));
    expect(reachability.lostSince).not.toBeNull();
    await reachability.through(people, () => here(404));
    expect(reachability.lostSince).toBeNull();
  });

  it('makes nothing of a question that was taken back', async () => {
    const reachability = new Reachability(here);
    const abort = new AbortController();
    abort.abort();
    await expect(reachability.through(asking('/learners', { signal: abort.signal }), gone)).rejects.toThrow();
    expect(reachability.lostSince).toBeNull();
  });

  it('lacks an answer until what failed is answered, or another page asks for something else', async () => {
    const reachability = new Reachability(here);
    const status = (code: number) => () => here(code);
    await reachability.through(asking('/learners?q=a'), status(500));
    await reachability.through(asking('/groups'), status(200));
    expect(reachability.unanswered).toBe(true);
    await reachability.through(asking('/learners?q=b'), status(200));
    expect(reachability.unanswered).toBe(false);
    await reachability.through(asking('/audiences/preview', { method: 'POST' }), status(503));
    expect(reachability.unanswered).toBe(true);
    reachability.leavePage();
    expect(reachability.unanswered).toBe(false);
  });

  it('lacks none where an act is refused or an answer comes later', async () => {
    const reachability = new Reachability(here);
    await reachability.through(asking('/learners', { method: 'POST' }), () => here(500));
    const later = new Response(null, { status: 503, headers: { 'retry-after': '1' } });
    await reachability.through(people, () => Promise.resolve(later));
    expect(reachability.unanswered).toBe(false);
  });
});
