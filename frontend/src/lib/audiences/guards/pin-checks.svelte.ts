import type { PinCheck, WireRule } from '$lib/api';
import { checkPins, guardedKey, pins, type Guarded } from './calls';

/** Numbers move many times a second; names are read. */
const PAUSE_MS = 150;

interface Asked {
  of: Guarded;
  rule: WireRule;
  /** Grows as the people move. */
  moment: unknown;
}

/** What a draft does with the people pinned, asked again as it is typed and as people change; empty where nobody is pinned. */
export class PinChecks {
  checks = $state.raw<PinCheck[]>([]);
  /** Whether what is on screen answers an older draft. */
  old = $state(false);
  /** Whether anybody is pinned: only then is anything asked while one types. */
  #any = $state<boolean | null>(null);

  /** Follows both while a component initialises; `ask` null: there is nothing to ask yet. `again` grows when pins have changed. */
  constructor(of: () => Guarded | null, ask: () => Asked | null, again: () => number) {
    const key = $derived.by(() => {
      const guarded = of();
      return guarded === null ? null : guardedKey(guarded).join(':');
    });
    $effect(() => {
      void again();
      const guarded = key === null ? null : of();
      this.#any = null;
      this.checks = [];
      if (guarded === null) return;
      const abort = new AbortController();
      pins(guarded, abort.signal).then(
        (page) => (this.#any = page.items.length > 0),
        // Without them there is nothing to show; the dialog of pins says what is wrong.
        () => !abort.signal.aborted && (this.#any = false),
      );
      return () => abort.abort();
    });
    $effect(() => {
      const asked = this.#any ? ask() : null;
      if (asked === null) {
        this.old = this.checks.length > 0;
        return;
      }
      this.old = true;
      const abort = new AbortController();
      const timer = setTimeout(() => {
        checkPins(asked.of, asked.rule, abort.signal).then(
          (checks) => {
            this.checks = checks;
            this.old = false;
          },
          // What is wrong with the rule stands where its numbers are.
          () => undefined,
        );
      }, PAUSE_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }
}
