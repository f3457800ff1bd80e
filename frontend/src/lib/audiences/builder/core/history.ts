/** What was edited, to take back and do again. A value like any other: each step gives a new history. */
export interface History<T> {
  past: T[];
  present: T;
  future: T[];
  /** What the last edit touched, so that typing in one box is one step. */
  touched: string | null;
  at: number;
}

export const LONGEST_HISTORY = 200;
/** Edits of the same thing closer together than this are one step. */
export const SAME_EDIT_MS = 900;

export function startHistory<T>(present: T): History<T> {
  return { past: [], present, future: [], touched: null, at: 0 };
}

/**
 * Notes an edit. `touched` names what was edited (null: always a step of its own) and `now` is in milliseconds.
 */
export function withEdit<T>(history: History<T>, next: T, touched: string | null, now: number): History<T> {
  if (next === history.present) return history;
  const joins = touched !== null && touched === history.touched && now - history.at < SAME_EDIT_MS;
  const past = joins ? history.past : [...history.past, history.present].slice(-LONGEST_HISTORY);
  return { past, present: next, future: [], touched, at: now };
}

export function withUndo<T>(history: History<T>): History<T> {
  const previous = history.past.at(-1);
  if (previous === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: previous,
    future: [history.present, ...history.future],
    touched: null,
    at: 0,
  };
}

export function withRedo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, touched: null, at: 0 };
}
