/** What someone was editing, kept in the browser until it is saved or thrown away. */
import type { Id } from '$lib/api';
import type { Draft } from './policy';

export interface KeptDraft {
  draft: Draft;
  /** The version it was begun on; `null` for something new. */
  version: number | null;
  /** When it was last changed, in milliseconds since 1970. */
  at: number;
}

export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** After this long a forgotten draft would only surprise. */
export const KEPT_FOR_MS = 14 * 24 * 3600 * 1000;

export function draftKey(place: 'session' | 'segment', id: Id | 'new', method: Id | 'new'): string {
  return `muster:draft:${place}:${id}:${method}`;
}

export function keep(shelf: Shelf, key: string, kept: KeptDraft): void {
  try {
    shelf.setItem(key, JSON.stringify(kept));
  } catch {
    // A full or forbidden store costs the draft, never the editing.
  }
}

export function recall(shelf: Shelf, key: string, now: number): KeptDraft | null {
  try {
    const kept = JSON.parse(shelf.getItem(key) ?? 'null') as KeptDraft | null;
    if (kept === null || typeof kept !== 'object' || !Array.isArray(kept.draft?.rule?.blocks)) return null;
    if (now - kept.at <= KEPT_FOR_MS) return kept;
  } catch {
    // What cannot be read is dropped below.
  }
  drop(shelf, key);
  return null;
}

export function drop(shelf: Shelf, key: string): void {
  try {
    shelf.removeItem(key);
  } catch {
    // See `keep`.
  }
}
