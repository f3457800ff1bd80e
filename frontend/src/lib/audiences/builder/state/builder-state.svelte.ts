import { untrack } from 'svelte';
import { toasts } from '$lib/design';
import { m } from '$lib/paraglide/messages';
import { removeDraft, storeDraft, NEW_DRAFT, storedDraft, sameDraft, type Draft } from '../core';
import '../filters';
import { Audience, provideAudience, type Setting } from './audience.svelte';
import { Directory } from './directory.svelte';
import { DraftEditor } from './draft-editor.svelte';

const STORE_AFTER_MS = 400;

/** Where the draft is kept in this browser, and which version it was begun on. */
export interface DraftPlace {
  key: string;
  version: number | null;
}

/**
 * What every page around the builder needs, made while it initialises: the names of the organisation, the audience for
 * the parts inside, and the draft, which is kept while one edits and comes back when one returns.
 */
export class BuilderState {
  readonly editor = new DraftEditor();
  readonly directory = new Directory();
  readonly audience: Audience;
  /** When what came back was last changed; `null` once it has been seen to. */
  restoredAt = $state.raw<Date | null>(null);
  readonly #place: () => DraftPlace;

  constructor(saved: Draft | null, place: () => DraftPlace, setting: () => Setting) {
    this.#place = place;
    this.audience = provideAudience(new Audience(this.editor, this.directory, setting));
    untrack(() => this.#storedDraft(saved));
    $effect(() => {
      const { draft, differs } = this.editor;
      const { key, version } = place();
      const timer = setTimeout(() => {
        if (differs) storeDraft(localStorage, key, { draft, version, at: Date.now() });
        else removeDraft(localStorage, key);
      }, STORE_AFTER_MS);
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
    this.editor.load(saved, saved);
  }

  /** The draft has become what is saved. */
  settle(): void {
    removeDraft(localStorage, this.#place().key);
    this.restoredAt = null;
  }

  discard(): void {
    const { editor } = this;
    const { draft } = editor;
    editor.replace(editor.saved ?? NEW_DRAFT);
    this.restoredAt = null;
    toasts.show(m.builder_discarded(), { undo: () => editor.replace(draft) });
  }

  #storedDraft(saved: Draft | null): void {
    const kept = storedDraft(localStorage, this.#place().key, Date.now());
    if (kept && !sameDraft(kept.draft, saved ?? NEW_DRAFT)) {
      this.editor.load(kept.draft, saved);
      // It is replaced, never changed.
      // eslint-disable-next-line svelte/prefer-svelte-reactivity
      this.restoredAt = new Date(kept.at);
    } else this.editor.load(saved ?? NEW_DRAFT, saved);
  }
}
