import { untrack } from 'svelte';
import { toasts } from '$lib/design';
import { m } from '$lib/paraglide/messages';
import { drop, keep, NEW_DRAFT, recall, sameDraft, type Draft } from '../core';
import { Audience, provideAudience, type Setting } from './audience.svelte';
import { Directory } from './directory.svelte';
import { Editing } from './editing.svelte';

const KEEP_AFTER_MS = 400;

/** Where the draft is kept in this browser, and which version it was begun on. */
export interface Place {
  key: string;
  version: number | null;
}

/**
 * What every page around the builder needs, made while it initialises: the names of the organisation, the audience for
 * the parts inside, and the draft, which is kept while one edits and comes back when one returns.
 */
export class Workbench {
  readonly editing = new Editing();
  readonly directory = new Directory();
  readonly audience: Audience;
  /** When what came back was last changed; `null` once it has been seen to. */
  restoredAt = $state.raw<Date | null>(null);
  readonly #place: () => Place;

  constructor(saved: Draft | null, place: () => Place, setting: () => Setting) {
    this.#place = place;
    this.audience = provideAudience(new Audience(this.editing, this.directory, setting));
    untrack(() => this.#recall(saved));
    $effect(() => {
      const { draft, differs } = this.editing;
      const { key, version } = place();
      const timer = setTimeout(() => {
        if (differs) keep(localStorage, key, { draft, version, at: Date.now() });
        else drop(localStorage, key);
      }, KEEP_AFTER_MS);
      return () => clearTimeout(timer);
    });
    $effect(() => {
      const abort = new AbortController();
      void this.directory.load(abort.signal);
      return () => abort.abort();
    });
  }

  /** Starts over from what is saved. */
  load(saved: Draft): void {
    this.editing.load(saved, saved);
  }

  /** The draft has become what is saved. */
  settle(): void {
    drop(localStorage, this.#place().key);
    this.restoredAt = null;
  }

  discard(): void {
    const { editing } = this;
    const { draft } = editing;
    editing.replace(editing.saved ?? NEW_DRAFT);
    this.restoredAt = null;
    toasts.show(m.builder_discarded(), { undo: () => editing.replace(draft) });
  }

  #recall(saved: Draft | null): void {
    const kept = recall(localStorage, this.#place().key, Date.now());
    if (kept && !sameDraft(kept.draft, saved ?? NEW_DRAFT)) {
      this.editing.load(kept.draft, saved);
      // It is replaced, never changed.
      // eslint-disable-next-line svelte/prefer-svelte-reactivity
      this.restoredAt = new Date(kept.at);
    } else this.editing.load(saved ?? NEW_DRAFT, saved);
  }
}
