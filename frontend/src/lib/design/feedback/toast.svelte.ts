export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'enter' | 'leave';
  undo?: (() => Promise<unknown> | unknown) | undefined;
  link?: { href: string; label: string } | undefined;
}

const STAYS_MS = 6_000;
/** Long enough to read what was done and think better of it. */
const STAYS_WITH_UNDO_MS = 15_000;

/** What was just done, at the foot of the screen. */
class Toasts {
  items = $state<Toast[]>([]);
  #last = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(text: string, options: Partial<Omit<Toast, 'id' | 'text'>> = {}): number {
    this.#last += 1;
    const toast: Toast = { id: this.#last, text, tone: 'plain', ...options };
    this.items = [...this.items.slice(-3), toast];
    this.#leaveIn(toast.id, toast.undo ? STAYS_WITH_UNDO_MS : STAYS_MS);
    return toast.id;
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  /** While someone points at a toast it stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    this.#leaveIn(id, STAYS_MS);
  }

  #leaveIn(id: number, ms: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), ms),
    );
  }
}

export const toasts = new Toasts();
