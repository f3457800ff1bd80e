/** "2 seconds ago" would otherwise stand still. */
const TICK_MS = 5_000;

class Clock {
  now = $state.raw(new Date());

  follow(): () => void {
    this.now = new Date();
    const timer = setInterval(() => (this.now = new Date()), TICK_MS);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
