import type { Change, Consequences } from '$lib/api';
import { acts, changedConsequences, type Act } from './acts.svelte';
import { askConsequences } from './calls';

/** A choice is often changed again a moment later: so long an act has to stay the same before it is asked about. */
const SETTLES_MS = 120;

/** What an act that is still being put together would do, asked whenever it changes. */
export class AskedConsequences {
  found = $state.raw<Consequences | null>(null);
  error = $state.raw<unknown>(null);
  /** Whether what is shown is of the act as it is now. */
  current = $state(false);
  /** Whether the world changed between looking and doing: `found` is then what would follow now. */
  anew = $state(false);

  constructor(changes: () => Change[]) {
    // What is on screen may be read anew while the act stays the same: what is shown, and that it is new, stays too.
    const text = $derived(JSON.stringify(changes()));
    $effect(() => {
      const asked = JSON.parse(text) as Change[];
      this.current = this.anew = false;
      if (asked.length === 0) {
        this.found = null;
        return;
      }
      const abort = new AbortController();
      const timer = setTimeout(() => void this.#ask(asked, abort.signal), SETTLES_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  get ready(): boolean {
    return this.current && this.found !== null;
  }

  /** Does what is shown. Where the world has changed meanwhile the new consequences are shown, and `false` is answered. */
  async carryOut(act: Pick<Act, 'changes' | 'done' | 'after' | 'link'>): Promise<boolean> {
    if (!this.found) return false;
    try {
      await acts.apply(act, this.found.hash);
      return true;
    } catch (error) {
      const now = changedConsequences(error);
      if (!now) throw error;
      this.found = now;
      this.anew = true;
      return false;
    }
  }

  async #ask(changes: Change[], signal: AbortSignal): Promise<void> {
    try {
      this.found = await askConsequences(changes, signal);
      this.error = null;
      this.current = true;
    } catch (error) {
      if (signal.aborted) return;
      this.found = null;
      this.error = error;
    }
  }
}
