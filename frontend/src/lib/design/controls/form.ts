import { getContext, setContext } from 'svelte';

const KEY = Symbol('form');

/** What the fields of one form tell each other. */
export class Form {
  #listeners = new Set<() => void>();

  /** Dates are judged together: correcting the start mends what was wrong with the end. */
  whenDatesChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  datesChanged(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Makes the fields inside drop what the server said about them once they are corrected. */
export const provideForm = (): Form => setContext(KEY, new Form());

export const formOf = (): Form | undefined => getContext<Form | undefined>(KEY);
