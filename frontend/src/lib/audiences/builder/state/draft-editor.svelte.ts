import type { Rule } from '$lib/api';
import {
  startHistory,
  withEdit,
  finishedPart,
  missingValues,
  meansNobody,
  NEW_DRAFT,
  withRedo,
  sameDraft,
  sameRule,
  withUndo,
  type Draft,
  type Policy,
} from '../core';

/** The draft under one's hands, with what was before it and what the server holds. */
export class DraftEditor {
  #history = $state.raw(startHistory<Draft>(NEW_DRAFT));
  /** What is saved; `null` for something new. */
  saved = $state.raw<Draft | null>(null);

  get draft(): Draft {
    return this.#history.present;
  }

  readonly rule = $derived(this.#history.present.rule);
  readonly policy = $derived(this.#history.present.policy);
  readonly missing = $derived(missingValues(this.rule));
  readonly empty = $derived(meansNobody(this.rule));
  /** Whether it can be counted: a rule with gaps is not, since leaving something out would change who is meant. */
  readonly countable = $derived(this.missing.length === 0);
  /** What is counted: all of it, or what is finished of it. */
  readonly counted = $derived(this.countable ? this.rule : finishedPart(this.rule));
  readonly differs = $derived(!sameDraft(this.draft, this.saved ?? NEW_DRAFT));
  readonly ruleDiffers = $derived(!sameRule(this.rule, (this.saved ?? NEW_DRAFT).rule));
  readonly canUndo = $derived(this.#history.past.length > 0);
  readonly canRedo = $derived(this.#history.future.length > 0);

  /** Starts over with another draft; nothing can be taken back beyond it. */
  load(draft: Draft, saved: Draft | null): void {
    this.#history = startHistory(draft);
    this.saved = saved;
  }

  /** `touched` names what is being typed into, so that a word is one step to take back. */
  edit(rule: Rule, touched: string | null = null): void {
    if (rule === this.rule) return;
    this.#note({ ...this.draft, rule }, touched);
  }

  set(change: Partial<Policy>, touched: string | null = null): void {
    this.#note({ ...this.draft, policy: { ...this.policy, ...change } }, touched);
  }

  /** Takes over a whole draft as one step. */
  replace(draft: Draft): void {
    this.#note(draft, null);
  }

  undo(): void {
    this.#history = withUndo(this.#history);
  }

  redo(): void {
    this.#history = withRedo(this.#history);
  }

  #note(next: Draft, touched: string | null): void {
    this.#history = withEdit(this.#history, next, touched, Date.now());
  }
}
