/** Every act that may move people goes this way: what it would do, then the act, then Undo. */
import { isProblem, type Consequences, type Change, type Dependents } from '$lib/api';
import type { Used } from '$lib/audiences/used-by/used-by';
import { toasts } from '$lib/design';
import { applyConsequences, askConsequences, undoRun } from './calls';
import { isQuiet } from './parts';

export interface Act {
  changes: Change[];
  /** What is about to be done: "Suspend Ana Lopez?" */
  title: string;
  /** The button that does it. */
  action: string;
  danger?: boolean;
  /** What it does beside enrollments, in a sentence. Where there is one the act is asked about even if it moves nobody. */
  effect?: string;
  /** What is deleted by it: what uses that is listed before it can be done. */
  deletes?: Used;
  /** A word that must be typed first. */
  typed?: string;
  /** Said once it is done. */
  done: string;
  /** Reads again what is on screen; called after the act, and after it was undone. */
  after?: () => unknown;
  link?: { href: string; label: string };
}

interface Pending {
  act: Act;
  found: Consequences;
  /** Whether they are others than those first shown. */
  anew: boolean;
  /** What uses what is deleted; null where nothing is. */
  uses: Dependents | null;
  resolve: (done: boolean) => void;
}

/** The consequences that came instead of the act, where the world has changed since they were asked. */
export function changedConsequences(error: unknown): Consequences | null {
  if (!isProblem(error) || error.status !== 409 || !error.type.endsWith('consequences_changed')) return null;
  return (error.body as { consequences?: Consequences }).consequences ?? null;
}

/** What asks for them is fetched with the first act that deletes something. */
const usesOf = async (used: Used): Promise<Dependents> =>
  (await import('$lib/audiences/used-by/used-by')).dependentsOf(used);

class Acts {
  /** The act that waits for a yes. */
  pending = $state.raw<Pending | null>(null);

  /**
   * Whether it was done, or put into a rehearsal: whatever asked for it is over. An act that moves nobody is done at once.
   * What cannot be asked or done is thrown.
   */
  async carryOut(act: Act): Promise<boolean> {
    const [found, uses] = await Promise.all([
      askConsequences(act.changes),
      act.deletes ? usesOf(act.deletes) : null,
    ]);
    if (isQuiet(found) && act.effect === undefined) {
      await this.apply(act, found.hash);
      return true;
    }
    return new Promise((resolve) => {
      this.pending?.resolve(false);
      this.pending = { act, found, anew: false, uses, resolve };
    });
  }

  /** Does what waits. Where the world has changed meanwhile, the new consequences are shown instead. */
  async confirm(): Promise<void> {
    const waiting = this.pending;
    if (!waiting) return;
    try {
      await this.apply(waiting.act, waiting.found.hash);
    } catch (error) {
      const found = changedConsequences(error);
      if (!found) throw error;
      this.pending = { ...waiting, found, anew: true };
      return;
    }
    this.pending = null;
    waiting.resolve(true);
  }

  dismiss(): void {
    this.#end(false);
  }

  /** It waits in a rehearsal now. */
  putAside(): void {
    this.#end(true);
  }

  /** Does what was shown under `hash`, as one run that can be undone. */
  async apply(act: Pick<Act, 'changes' | 'done' | 'after' | 'link'>, hash: string): Promise<void> {
    const { run_id } = await applyConsequences(act.changes, hash);
    toasts.show(act.done, {
      ...(run_id === null
        ? {}
        : {
            undo: async () => {
              await undoRun(run_id);
              await act.after?.();
            },
          }),
      ...(act.link ? { link: act.link } : {}),
    });
    await act.after?.();
  }

  #end(over: boolean): void {
    const waiting = this.pending;
    this.pending = null;
    waiting?.resolve(over);
  }
}

export const acts = new Acts();
