import { now as readClock } from '$lib/format/clock';

/** "2 seconds ago" would otherwise stand still. */
const TICK_MS = 5_000;

class Clock {
  now = $state.raw(readClock());

  follow(): () => void {
    this.now = readClock();
    const timer = setInterval(() => (this.now = readClock()), TICK_MS);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
