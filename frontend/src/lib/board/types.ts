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

/** Something that happened to one person in a session. */
export interface Happening {
  event: string;
  learner: { id: Id; first_name: string; last_name: string };
  reason: Reason | null;
  at: Instant;
  position?: number;
}
