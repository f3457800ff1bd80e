import type { SessionChoice, TargetDraft, TargetKey } from '../composer/draft.svelte';

/** In what an enrollment rule enrolls, as its boxes edit it. */
export class RuleTargets implements TargetDraft {
  targets = $state<TargetKey[]>([]);
  chosen = $state<Record<TargetKey, string>>({});
  choices = $state.raw<Record<TargetKey, SessionChoice[]>>({});

  constructor(targets: TargetKey[]) {
    this.targets = targets;
  }

  /** Whether there is any, and a session chosen wherever several are open. */
  get complete(): boolean {
    return (
      this.targets.length > 0 && this.targets.every((key) => !this.choices[key] || Boolean(this.chosen[key]))
    );
  }

  /** Offers the sessions of one of them. */
  choose(target: number, sessions: SessionChoice[]): void {
    const key = this.targets[target];
    if (key !== undefined) this.choices = { ...this.choices, [key]: sessions };
  }
}
