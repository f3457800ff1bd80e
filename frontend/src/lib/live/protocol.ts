/** The frames of `GET /api/v1/live`. */
import type { Counts, Day, Id, Preview, ProblemError, Rule } from '$lib/api';

export type Topic = `session:${Id}` | `method:${Id}` | `import:${Id}` | `run:${Id}` | 'me';

export type ClientFrame =
  | { type: 'preview'; id: string; rule: Rule; session_id?: Id; at?: Day }
  | { type: 'watch'; id: string; topic: Topic }
  | { type: 'unwatch'; id: string }
  | { type: 'ping' };

export interface StateFrame<T = unknown> {
  type: 'state';
  id: string;
  position: number;
  data: T;
}

export interface EventFrame {
  type: 'event';
  id: string;
  position: number;
  event: string;
  data: Record<string, unknown>;
}

export interface LiveProblem {
  title?: string;
  detail?: string;
  status?: number;
  errors?: ProblemError[];
}

export type CountsFrame = Preview & { type: 'counts'; id: string };

export type ServerFrame =
  | CountsFrame
  | StateFrame
  | EventFrame
  | { type: 'error'; id: string; problem: LiveProblem }
  | { type: 'pong' };

export type SessionState = StateFrame<Counts>;

export const CLOSE_NOT_SIGNED_IN = 4401;
export const CLOSE_FORBIDDEN = 4403;
export const CLOSE_TOO_SLOW = 4408;
export const CLOSE_TOO_MANY = 4429;
