/** The frames of `GET /api/v1/live`, as the server's own schema has them. */
import type {
  EventFrame,
  LiveClientFrame,
  LiveProblem,
  LiveServerFrame,
  LiveStates,
  StateFrame,
} from '$lib/api';

type Numbered = Exclude<keyof LiveStates, 'me' | 'list'>;
/** A list that is told when something changed that can alter it. */
export type ListName = LiveStates['list']['name'];
export type Topic = `${Numbered}:${number}` | `list:${ListName}` | 'me';
/** The state of a topic, by its kind. */
export type StateOf<T extends Topic> = T extends `${infer Kind extends Numbered}:${number}`
  ? LiveStates[Kind]
  : T extends `list:${string}`
    ? LiveStates['list']
    : LiveStates['me'];

export type ClientFrame = LiveClientFrame;
export type ServerFrame = LiveServerFrame;
export type { EventFrame, LiveProblem, StateFrame };

export const CLOSE_NOT_SIGNED_IN = 4401;
export const CLOSE_FORBIDDEN = 4403;
export const CLOSE_TOO_MANY = 4429;
