/** The frames of `GET /api/v1/live`, as the server's own schema has them. */
import type {
  EventFrame,
  LiveClientFrame,
  LiveProblem,
  LiveServerFrame,
  LiveStates,
  StateFrame,
} from '$lib/api';

type Numbered = Exclude<keyof LiveStates, 'me'>;
export type Topic = `${Numbered}:${number}` | 'me';
/** The state of a topic, by its kind. */
export type StateOf<T extends Topic> = T extends `${infer Kind extends Numbered}:${number}`
  ? LiveStates[Kind]
  : LiveStates['me'];

export type ClientFrame = LiveClientFrame;
export type ServerFrame = LiveServerFrame;
export type { EventFrame, LiveProblem, StateFrame };

export const CLOSE_NOT_SIGNED_IN = 4401;
export const CLOSE_FORBIDDEN = 4403;
export const CLOSE_TOO_SLOW = 4408;
export const CLOSE_TOO_MANY = 4429;
