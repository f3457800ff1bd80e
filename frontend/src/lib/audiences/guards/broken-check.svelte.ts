import type { PinCheck, WireRule } from '$lib/api';
import { checkPins, type Guarded } from './calls';

/** Whom of those pinned the rule that is about to be saved puts elsewhere than they must be, and whether that is meant. */
export class BrokenCheck {
  broken = $state.raw<PinCheck[]>([]);
  accepted = $state(false);
  checking = $state(false);

  /** Follows while a component initialises: asked while `open`, anew when the rule changes; `of` null: nobody can be pinned yet. */
  constructor(open: () => boolean, of: () => Guarded | null, rule: () => WireRule) {
    $effect(() => {
      if (!open()) return;
      const guarded = of();
      const asked = rule();
      this.broken = [];
      this.accepted = this.checking = false;
      if (guarded === null) return;
      const abort = new AbortController();
      this.checking = true;
      checkPins(guarded, asked, abort.signal).then(
        (checks) => {
          this.broken = checks.filter((one) => one.holds === false);
          this.checking = false;
        },
        // What is wrong with the rule is answered when it is saved.
        () => !abort.signal.aborted && (this.checking = false),
      );
      return () => abort.abort();
    });
  }

  /** Whether it may be saved. */
  get passed(): boolean {
    return !this.checking && (this.broken.length === 0 || this.accepted);
  }

  /** What is sent with it. */
  get body(): { accept_broken_pins?: true } {
    return this.broken.length > 0 && this.accepted ? { accept_broken_pins: true } : {};
  }
}
