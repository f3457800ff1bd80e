import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveClient, type Connection, type Environment } from './client';
import type { Preview, Rule } from '$lib/api';

const RULE: Rule = { blocks: [{ groups: [1], filters: [] }], include: [], exclude: [] };

/** The far end of a socket. */
class Wire {
  readyState: number = WebSocket.CONNECTING;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.readyState = WebSocket.CLOSED;
  }
  accept() {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
  }
  say(frame: unknown) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  drop(code: number) {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code });
  }
  asked(type: string) {
    return this.sent.filter((frame) => frame['type'] === type);
  }
}

let wires: Wire[];
let states: Connection[];
let lags: number[];
let signedOut: number;
let client: LiveClient;
const wire = () => wires.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  states = [];
  lags = [];
  signedOut = 0;
  const environment: Environment = {
    open: () => {
      const next = new Wire();
      wires.push(next);
      return next as unknown as WebSocket;
    },
    now: () => Date.now(),
    random: () => 0.5,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  };
  client = new LiveClient(
    {
      connection: (state) => states.push(state),
      lag: (ms) => lags.push(ms),
      notSignedIn: () => (signedOut += 1),
    },
    environment,
  );
});

describe('the live client', () => {
  it('opens with the first subscription and asks for what was wanted before it was open', () => {
    const state = vi.fn();
    client.watch('session:7', { state });
    expect(wires).toHaveLength(1);
    expect(wire().sent).toEqual([]);
    wire().accept();
    const [watch] = wire().asked('watch');
    expect(watch).toMatchObject({ topic: 'session:7' });
    wire().say({ type: 'state', id: watch!['id'], position: 3, data: { enrolled: 2 } });
    expect(state).toHaveBeenCalledWith({ enrolled: 2 }, expect.objectContaining({ position: 3 }));
  });

  it('asks for everything again after a reconnect', () => {
    client.watch('me', { state: vi.fn() });
    client.preview('draft', RULE, 4, { counts: vi.fn() });
    wire().accept();
    wire().drop(1006);
    expect(states.at(-1)).toBe('lost');
    vi.runOnlyPendingTimers();
    expect(wires).toHaveLength(2);
    wire().accept();
    expect(wire().asked('watch')).toHaveLength(1);
    expect(wire().asked('preview')).toEqual([{ type: 'preview', id: 'draft', rule: RULE, session_id: 4 }]);
  });

  it('waits longer after each failure, and briefly again after a success', () => {
    client.watch('me', { state: vi.fn() });
    const pauses: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      const before = wires.length;
      wire().drop(1006);
      let waited = 0;
      while (wires.length === before) {
        vi.advanceTimersByTime(50);
        waited += 50;
      }
      pauses.push(waited);
    }
    expect(pauses[0]).toBeLessThanOrEqual(300);
    expect(pauses[3]).toBeGreaterThan(pauses[1]!);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000);
    wire().accept();
    wire().drop(1006);
    const count = wires.length;
    vi.advanceTimersByTime(300);
    expect(wires).toHaveLength(count + 1);
  });

  it('does not come back when nobody is signed in', () => {
    client.watch('me', { state: vi.fn() });
    wire().accept();
    wire().drop(4401);
    vi.advanceTimersByTime(120_000);
    expect(wires).toHaveLength(1);
    expect(signedOut).toBe(1);
    expect(states.at(-1)).toBe('refused');
  });

  it('stays away for a while when there are too many', () => {
    client.watch('me', { state: vi.fn() });
    wire().accept();
    wire().drop(4429);
    vi.advanceTimersByTime(29_000);
    expect(wires).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    expect(wires.length).toBeGreaterThan(1);
  });

  it('replaces a preview with the same id, and the old stop does not end the new one', () => {
    const first = vi.fn();
    const second = vi.fn();
    const stopFirst = client.preview('draft', RULE, undefined, { counts: first });
    wire().accept();
    client.preview('draft', { ...RULE, exclude: [9] }, undefined, { counts: second });
    stopFirst();
    expect(wire().asked('unwatch')).toEqual([]);
    wire().say({ type: 'counts', id: 'draft', total: 12 } as Partial<Preview> & { type: string; id: string });
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledWith(expect.objectContaining({ total: 12 }));
  });

  it('stops following', () => {
    const state = vi.fn();
    const stop = client.watch('run:1', { state });
    wire().accept();
    const id = wire().asked('watch')[0]!['id'];
    stop();
    expect(wire().asked('unwatch')).toEqual([{ type: 'unwatch', id }]);
    wire().say({ type: 'state', id, position: 1, data: {} });
    expect(state).not.toHaveBeenCalled();
  });

  it('gives problems to whoever asked', () => {
    const problem = vi.fn();
    client.preview('draft', RULE, undefined, { counts: vi.fn(), problem });
    wire().accept();
    wire().say({ type: 'error', id: 'draft', problem: { status: 422, title: 'Invalid rule' } });
    expect(problem).toHaveBeenCalledWith({ status: 422, title: 'Invalid rule' });
  });

  it('asks a server that catches up again, as long as somebody wants to know', () => {
    const problem = vi.fn();
    const stop = client.watch('session:7', { state: vi.fn(), problem });
    wire().accept();
    const [{ id }] = wire().asked('watch') as [{ id: string }];
    const busy = { type: 'error', id, problem: { status: 503, detail: 'catching up' } };
    wire().say(busy);
    expect(problem).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1_500);
    expect(wire().asked('watch')).toHaveLength(2);
    wire().say(busy);
    stop();
    vi.advanceTimersByTime(1_500);
    expect(wire().asked('watch')).toHaveLength(2);
    wire().say({ type: 'error', id, problem: { status: 404, detail: 'gone' } });
    vi.advanceTimersByTime(1_500);
    expect(wire().asked('watch')).toHaveLength(2);
  });

  it('measures the lag and takes a silent connection for lost', () => {
    client.watch('me', { state: vi.fn() });
    wire().accept();
    vi.advanceTimersByTime(40);
    wire().say({ type: 'pong' });
    expect(lags).toEqual([40]);
    vi.advanceTimersByTime(15_000);
    expect(wire().asked('ping')).toHaveLength(2);
    vi.advanceTimersByTime(10_000);
    expect(states).toContain('lost');
  });
});
