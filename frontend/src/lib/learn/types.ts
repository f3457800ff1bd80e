import type { Activity, EnrollmentState, Id, Instant, MethodKind, Session, StepKind } from '$lib/api';

export type Section = 'mine' | 'open' | 'almost' | 'ended';

/** Why something is in a person's catalog: one for each method that covers them. */
export interface Why {
  kind: MethodKind;
  method_id: Id;
  name: string;
  sentence: string;
  since: Instant | null;
}

export interface CatalogItem {
  activity: Pick<Activity, 'id' | 'kind' | 'title'> & { description?: string };
  session: Pick<Session, 'id' | 'name' | 'starts_at' | 'ends_at'> | null;
  section: Section;
  state: EnrollmentState | null;
  /** 0 to 1. */
  progress: number;
  due_at: Instant | null;
  overdue: boolean;
  mandatory: boolean;
  since: Instant | null;
  until: Instant | null;
  why: Why[];
  can_self_enroll: boolean;
  needs_key?: boolean;
  /** What is still missing before it opens, in words. */
  missing?: string | null;
}

export type StepStatus = 'not_started' | 'started' | 'completed' | 'failed';

export interface PlayerStep {
  id: Id;
  kind: StepKind;
  activity_id: Id | null;
  title: string;
  body: string;
  mandatory: boolean;
  min_score: number | null;
  status: StepStatus;
  score: number | null;
  completed_at: Instant | null;
}

export interface Player {
  activity: { id: Id; kind: Activity['kind']; title: string; description: string };
  steps: PlayerStep[];
  /** Live enrollment of the reader, if any: without one the steps are shown but cannot be taken. */
  enrollment: {
    id: Id;
    session_id: Id;
    session_name: string;
    state: EnrollmentState;
    starts_at: Instant | null;
    due_at: Instant | null;
  } | null;
  status: StepStatus;
  successful: boolean;
  progress: number;
  award: { title: string; issued_at: Instant; expires_at: Instant | null } | null;
}
