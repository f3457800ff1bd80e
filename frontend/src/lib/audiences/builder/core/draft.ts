/** What someone was editing, kept in the browser until it is saved or thrown away. */
import type { Id } from '$lib/api';
import type { Draft } from './policy';

export interface StoredDraft {
  draft: Draft;
  /** The version it was begun on; `null` for something new. */
  version: number | null;
  /** When it was last changed, in milliseconds since 1970. */
  at: number;
}

export interface DraftStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** After this long a forgotten draft would only surprise. */
export const STORED_FOR_MS = 14 * 24 * 3600 * 1000;

export function draftKey(place: 'session' | 'segment' | 'rule', id: Id | 'new', method: Id | 'new'): string {
  return `muster:draft:${place}:${id}:${method}`;
}

export function storeDraft(storage: DraftStorage, key: string, kept: StoredDraft): void {
  try {
    storage.setItem(key, JSON.stringify(kept));
  } catch {
    // A full or forbidden store costs the draft, never the editing.
  }
}

export function storedDraft(storage: DraftStorage, key: string, now: number): StoredDraft | null {
  try {
    const kept = JSON.parse(storage.getItem(key) ?? 'null') as StoredDraft | null;
    if (kept === null || typeof kept !== 'object' || !Array.isArray(kept.draft?.rule?.blocks)) return null;
    if (now - kept.at <= STORED_FOR_MS) return kept;
  } catch {
    // What cannot be read is dropped below.
  }
  removeDraft(storage, key);
  return null;
}

export function removeDraft(storage: DraftStorage, key: string): void {
  try {
    storage.removeItem(key);
  } catch {
    // See `storeDraft`.
  }
}
