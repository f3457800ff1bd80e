import type { EventFrame, Happening as Told } from '$lib/api';

/** The fact that made somebody join or leave. */
export type Reason = NonNullable<Told['reason']>;

/** Something that happened in a session: to one person, or to `count` at once when they were too many to name. */
export type Happening = Omit<Told, 'event'> & {
  event: EventFrame['event'] | Told['event'];
};
