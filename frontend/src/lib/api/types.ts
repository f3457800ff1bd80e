/** The wire format of the public contract. Names are those on the wire. */

export type Id = number;
/** ISO 8601 in UTC, `2026-11-23T14:03:00Z`. */
export type Instant = string;
/** `YYYY-MM-DD`. */
export type Day = string;

export interface Page<T> {
  items: T[];
  next: string | null;
  total: number;
}

export type Role = 'admin' | 'group_admin' | 'coach' | 'instructor' | 'manager' | 'reseller' | 'learner';

export interface Organisation {
  name: string;
  timezone: string;
  language: string;
  managers_enroll?: boolean;
}

export interface Me {
  learner: Pick<Learner, 'id' | 'email' | 'first_name' | 'last_name' | 'language'>;
  roles: Role[];
  organisation: Organisation;
  /** Whether messages leave the house; otherwise they are kept and shown in the outbox. */
  smtp: boolean;
  /** Not zero when the clock is set for a demonstration. */
  clock_offset_seconds: number;
}

// People and structure

export type FieldType = 'choice' | 'text' | 'number' | 'date' | 'boolean';

export interface Field {
  id: Id;
  key: string;
  name: string;
  type: FieldType;
  options: string[];
  version?: number;
}

export type FieldValue = string | number | boolean | null;
export type LearnerStatus = 'pending' | 'invited' | 'active' | 'suspended' | 'deactivated';
export type MemberRole = 'member' | 'coach' | 'admin';

export interface LearnerGroup {
  id: Id;
  role: MemberRole;
  name?: string;
}

export interface Learner {
  id: Id;
  email: string;
  first_name: string;
  last_name: string;
  language: string;
  status: LearnerStatus;
  added_at: Instant;
  external_id: string | null;
  manager_id: Id | null;
  fields: Record<string, FieldValue>;
  groups: LearnerGroup[];
  version?: number;
}

export type GroupKind = 'group' | 'company' | 'department' | 'team' | 'function' | 'qualification';

export interface Group {
  id: Id;
  name: string;
  kind: GroupKind;
  parent_id: Id | null;
  description: string | null;
  color: string | null;
  private: boolean;
  external_id: string | null;
  member_count: number;
  total_count: number;
  version?: number;
}

export interface Member extends Learner {
  role: MemberRole;
}

export type Unlink = 'group_only' | 'expire' | 'erase';

// Learning

export type ActivityKind = 'course' | 'program' | 'path';
export type StepKind = 'content' | ActivityKind;

export interface Step {
  id?: Id;
  kind: StepKind;
  activity_id?: Id | null;
  title: string;
  body?: string;
  mandatory: boolean;
  min_score?: number | null;
}

export interface Certificate {
  id?: Id;
  title: string;
  valid_months?: number | null;
}

export interface Activity {
  id: Id;
  kind: ActivityKind;
  title: string;
  description?: string;
  external_id: string | null;
  steps: Step[];
  min_minutes?: number | null;
  max_minutes?: number | null;
  certificate?: Certificate | null;
  several_sessions: boolean;
  version?: number;
}

export type Catalog = 'hidden' | 'group' | 'everyone';

export interface Session {
  id: Id;
  activity_id: Id;
  activity_title: string;
  name: string;
  external_id: string | null;
  starts_at?: Instant | null;
  ends_at?: Instant | null;
  group_id?: Id | null;
  instructor_ids: Id[];
  catalog: Catalog;
  fuse?: { count: number; percent: number } | null;
  version?: number;
}

// Audience rule

export type Ref = Id | string;
export type Match = 'any' | 'all';
export type FieldOp =
  | 'in'
  | 'not_in'
  | 'is_set'
  | 'is_empty'
  | 'lt'
  | 'lte'
  | 'gt'
  | 'gte'
  | 'between'
  | 'contains'
  | 'starts_with';
export type PathStatus =
  | 'completed'
  | 'not_completed'
  | 'successful'
  | 'not_successful'
  | 'started'
  | 'not_started'
  | 'enrolled'
  | 'not_enrolled';
export type CertificateStatus = 'not_obtained' | 'valid' | 'expired' | 'expiring';

export interface FieldFilter {
  type: 'field';
  field: Ref;
  op: FieldOp;
  values?: (string | number | boolean)[];
  match?: Match;
}
export interface GroupFilter {
  type: 'group';
  op: 'in' | 'not_in';
  groups: Ref[];
  subgroups?: boolean;
}
export interface PathResultFilter {
  type: 'path_result';
  status: PathStatus;
  paths: Ref[];
  match?: Match;
}
export interface CertificateFilter {
  type: 'certificate';
  status: CertificateStatus;
  certificates: Ref[];
  days?: number;
  match?: Match;
}
export interface LanguageFilter {
  type: 'language';
  op: 'in' | 'not_in';
  values: string[];
}
export interface AddedFilter {
  type: 'added';
  op: 'before' | 'after' | 'between' | 'last_days';
  values: (Day | number)[];
}
export interface ManagerFilter {
  type: 'manager';
  op: 'in' | 'not_in';
  managers: Ref[];
  indirect?: boolean;
}
export interface SegmentFilter {
  type: 'segment';
  op: 'in' | 'not_in';
  segments: Ref[];
}
export interface NestedFilter {
  type: 'all' | 'any' | 'none';
  of: Filter[];
}
export type Filter =
  | FieldFilter
  | GroupFilter
  | PathResultFilter
  | CertificateFilter
  | LanguageFilter
  | AddedFilter
  | ManagerFilter
  | SegmentFilter
  | NestedFilter;

export interface Block {
  groups: Ref[];
  subgroups?: boolean;
  everyone?: boolean;
  filters: Filter[];
}

export interface Rule {
  blocks: Block[];
  include: Id[];
  exclude: Id[];
}

/** A group of a sealed block; a private one outside one's rights has neither id nor name. */
export interface SealedGroup {
  id: Id | null;
  name: string | null;
  count: number;
}

/** `sealed`: it holds a group outside one's rights; only each group's own number is told. */
export interface BlockCounts {
  total: number | null;
  groups_total: number | null;
  filters: { remaining: number; without: number }[];
  sealed?: boolean;
  groups?: SealedGroup[];
}

export interface Preview {
  total: number;
  position: number;
  as_of: Instant;
  blocks: BlockCounts[];
  included: number;
  excluded: number;
  blocked: number;
  sample: Learner[];
}

export interface ExplainNode {
  matches: boolean;
  actual?: unknown;
  since?: Instant | null;
  next_change?: Instant | null;
  [key: string]: unknown;
}

export interface Explanation {
  matches: boolean;
  tree: ExplainNode;
}

export interface ForecastPoint {
  date: Day;
  total: number;
}

export interface Segment {
  id: Id;
  name: string;
  rule: Rule;
  total: number;
  version?: number;
}

// Enrolling

export type MethodKind = 'manual' | 'audience' | 'group' | 'segment' | 'chain' | 'self' | 'subpath';
export type MethodState = 'live' | 'frozen' | 'held' | 'draft';
export type OnLeave = 'keep' | 'expire' | 'erase';

export interface Method {
  id: Id;
  session_id: Id;
  kind: MethodKind;
  name: string;
  active: boolean;
  visible: boolean;
  role: 'learner' | 'coach';
  rule: Rule | null;
  dynamic: boolean;
  on_leave: OnLeave;
  mandatory: boolean;
  due_at: Instant | null;
  due_days: number | null;
  recertify_months: number | null;
  course_group_id: Id | null;
  segment_id: Id | null;
  group_id: Id | null;
  after_activity_id: Id | null;
  key: string | null;
  version: number;
  state: MethodState;
  /** Why it is frozen or held. */
  state_reason: string;
  /** The rule in words. */
  sentence: string;
  /** How many people hold its source, and how many are blocked. */
  people: number;
  waiting: number;
  held_run_id: Id | null;
}

/** A learner as lists show them. */
export type Person = Pick<Learner, 'id' | 'email' | 'first_name' | 'last_name'>;

export interface BlockedSample {
  learner: Person;
  reason: string;
  session_id: Id | null;
}

export interface Plan {
  hash: string;
  entering: number;
  leaving: number;
  staying: number;
  blocked: number;
  held: boolean;
  samples: { entering: Person[]; leaving: Person[]; blocked: BlockedSample[] };
  warnings: string[];
  position?: number;
}

export interface Applied {
  run_id: Id;
  method_id?: Id | null;
  state?: RunState;
  entered?: number;
  left?: number;
  blocked?: number;
}

export type EnrollmentState = 'active' | 'completed' | 'expired' | 'suspended';

export interface Source {
  method_id: Id;
  kind: MethodKind;
  name: string;
  since: Instant;
  until?: Instant | null;
}

export interface Enrollment {
  id: Id;
  session_id: Id;
  session_name: string;
  activity_id: Id;
  activity_title: string;
  learner: Person;
  state: EnrollmentState;
  role: 'learner' | 'coach';
  since: Instant;
  until: Instant | null;
  due_at: Instant | null;
  mandatory: boolean;
  overdue: boolean;
  completed_at: Instant | null;
  /** 0 to 1. */
  progress: number;
  score: number | null;
  version: number;
  sources: Source[];
}

export interface Counts {
  enrolled: number;
  completed: number;
  in_progress: number;
  not_started: number;
  overdue: number;
  blocked: number;
  expired: number;
  position: number;
}

export type RunState = 'applying' | 'applied' | 'held' | 'rejected' | 'undone' | 'failed';
export type RunCause =
  'confirm' | 'change' | 'clock' | 'import' | 'act' | 'self' | 'approve' | 'undo' | 'check';

export interface Run {
  id: Id;
  method_id: Id | null;
  method_name: string | null;
  session_id: Id | null;
  session_name: string | null;
  activity_title: string | null;
  cause: RunCause;
  state: RunState;
  actor: Person | null;
  entered: number;
  left: number;
  blocked: number;
  total: number;
  done: number;
  /** 0 to 1. */
  progress: number;
  position: number | null;
  undo_of: Id | null;
  undone_by: Id | null;
  can_undo: boolean;
  created_at: Instant;
  finished_at: Instant | null;
}

/** The undo, a run itself. */
export interface Undone extends Run {
  people: number;
  left_alone_total: number;
  left_alone: { learner: Person; reason: string }[];
  cancelled_mail: number;
  method_restored: boolean | null;
}

export interface RunChange {
  learner: Person;
  change: 'entered' | 'left' | 'blocked' | 'unblocked' | 'updated';
  reason: RunReason | null;
}

/** The fact that caused it: what it is about, its name, before and after. */
export interface RunReason {
  facet: string;
  ref: Id | null;
  name?: string | null;
  old?: unknown;
  new?: unknown;
  text?: string | null;
}

// Outbox, tokens

export type MessageState = 'pending' | 'sending' | 'sent' | 'kept' | 'failed' | 'cancelled';
export type MessageKind = 'enrollment' | 'invitation' | 'alert';

export interface Message {
  id: Id;
  state: MessageState;
  kind: MessageKind;
  email: string;
  subject: string;
  due_at: Instant | null;
  sent_at: Instant | null;
  html?: string | null;
  text?: string | null;
  learner_id?: Id | null;
  error?: string | null;
}

export type Scope = 'read' | 'write' | 'scim';

export interface Token {
  id: Id;
  learner_id: Id;
  name: string;
  scopes: Scope[];
  created_at: Instant;
  last_used_at: Instant | null;
  expires_at: Instant | null;
  token?: string;
}
