import type { Figures, Instant, RehearsalConsequences } from '$lib/api';

/** How it looked before facts changed underneath, and when that was. */
export interface LookedBefore {
  figures: Figures;
  at: Instant;
}

/**
 * What a rehearsal would do, looked at again and again. Once something else would follow from the same changes, it keeps how
 * it looked before until the reader has understood.
 */
export class RehearsalLook {
  found = $state.raw<RehearsalConsequences | null>(null);
  before = $state.raw<LookedBefore | null>(null);
  #version = 0;
  #at: Instant = '';

  /** `version` is that of the changes that `found` is of, `at` when it was asked. */
  take(found: RehearsalConsequences, version: number, at: Instant): void {
    const last = this.#version === version ? this.found : null;
    if (this.#version !== version) this.before = null;
    if (found.changed_underneath && found.before && found.looked_at)
      this.before ??= { figures: found.before, at: found.looked_at };
    else if (last !== null && last.hash !== found.hash) this.before ??= { figures: last, at: this.#at };
    this.found = found;
    this.#version = version;
    this.#at = at;
  }

  understood(): void {
    this.before = null;
  }
}
