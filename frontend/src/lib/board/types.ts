import type { Day, Id, Instant } from '$lib/api';

export interface TimelinePoint {
  date: Day;
  enrolled: number;
  completed: number;
}

/** The fact that made somebody join or leave. */
export interface Reason {
  facet: string;
  name: string | null;
  old: unknown;
  new: unknown;
  text?: string | null;
}

/** Something that happened in a session: to one person, or to `count` at once when they were too many to name. */
export interface Happening {
  event: string;
  learner: { id: Id; first_name: string; last_name: string } | null;
  count?: number;
  reason: Reason | null;
  at: Instant;
  position?: number;
}
