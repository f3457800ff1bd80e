/** Names for the shapes of the API. They are the document's (`schema.d.ts`), so that nothing is written twice. */
import type { components } from './schema';

type Schemas = components['schemas'];
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

// Who is signed in
export type InnerStep = Schemas['InnerStep'];
export type DirectEnrollment = Schemas['DirectEnrollment'];
export type Me = Schemas['Me'];
export type Role = Me['roles'][number];
export type Organisation = Schemas['Organisation'];
export type OrganisationChange = Schemas['OrganisationChange'];
export type Token = Schemas['Token'];
export type TokenInput = Schemas['TokenInput'];
export type Scope = Token['scopes'][number];

// What refers to what, and what is the same
export type SameAudience = Schemas['SameAudience'];
export type Dependent = Schemas['Dependent'];
export type Dependents = Schemas['Dependents'];

// People and structure
export type Field = Schemas['Field'];
export type FieldInput = Schemas['FieldInput'];
export type FieldChange = Schemas['FieldChange'];
export type FieldType = Field['type'];
export type FieldValue = NonNullable<LearnerChange['fields']>[string];
export type Learner = Schemas['Learner'];
export type LearnerInput = Schemas['LearnerInput'];
export type LearnerChange = Schemas['LearnerChange'];
export type LearnerStatus = Learner['status'];
export type LearnerGroup = Schemas['LearnerGroupRole'];
export type MemberRole = LearnerGroup['role'];
export type Member = Schemas['Member'];
export type ListedLearner = Schemas['ListedLearner'];
/** A learner as lists show them. */
export type Person = Schemas['Person'];
export type Group = Schemas['Group'];
export type GroupInput = Schemas['GroupInput'];
export type GroupChange = Schemas['GroupChange'];
export type GroupKind = Group['kind'];
export type MembersRemoval = Schemas['MembersRemoval'];
/** What removing or moving people did, or would do, to enrollments. */
export type EraseFigures = Schemas['EraseFigures'];
export type MethodRemoval = Schemas['MethodRemoval'];
export type Unlink = NonNullable<Schemas['MembersRemoval']['unlink']>;

// Learning
export type Activity = Schemas['Activity'];
export type ListedActivity = Schemas['ListedActivity'];
export type ActivityInput = Schemas['ActivityInput'];
export type ActivityChange = Schemas['ActivityChange'];
export type ActivityKind = Activity['kind'];
export type Step = Schemas['Step'];
/** A step being written: a new one has no id yet. */
export type StepDraft = Omit<Step, 'id'> & { id?: Id };
export type StepKind = Step['kind'];
export type Certificate = Schemas['Certificate'];
export type Session = Schemas['Session'];
export type SessionInput = Schemas['SessionInput'];
export type SessionChange = Schemas['SessionChange'];
export type Catalog = Session['catalog'];

// What guards a rule
export type RuleVersion = Schemas['RuleVersion'];
export type RuleVersionDetail = Schemas['RuleVersionDetail'];
export type Pin = Schemas['Pin'];
export type PinCheck = Schemas['PinCheck'];
export type Expected = Pin['expected'];

// The audience rule
/** As it is on the wire, where what has a default may be missing. */
export type WireRule = Schemas['Rule'];
type WireFilter = NonNullable<NonNullable<NonNullable<WireRule['blocks']>[number]['filters']>[number]>;
interface Inside {
  of: Filter[];
}
type Completed<F> = F extends { of: unknown }
  ? Omit<F, 'of'> & Inside
  : F extends { op?: unknown }
    ? F & { op: NonNullable<F['op']> }
    : F;
/** As the builder edits it: what has a default is there. */
export type Filter = Completed<WireFilter>;
type FilterOf<T extends Filter['type']> = Extract<Filter, { type: T }>;
export type FieldFilter = FilterOf<'field'>;
export type GroupFilter = FilterOf<'group'>;
export type PathResultFilter = FilterOf<'path_result'>;
export type CertificateFilter = FilterOf<'certificate'>;
export type LanguageFilter = FilterOf<'language'>;
export type AddedFilter = FilterOf<'added'>;
export type ManagerFilter = FilterOf<'manager'>;
export type PersonFilter = FilterOf<'person'>;
export type SegmentFilter = FilterOf<'segment'>;
export type NestedFilter = Extract<Filter, { of: unknown }>;
export interface Block extends Omit<Schemas['Block'], 'groups' | 'filters'> {
  groups: Ref[];
  filters: Filter[];
}
/** As the builder edits it: every list is there. That a rule holds nobody is said where it is saved. */
export interface Rule extends Required<Omit<WireRule, 'blocks' | 'nobody'>> {
  blocks: Block[];
}
export type Ref = GroupFilter['groups'][number];
export type Match = NonNullable<PathResultFilter['match']>;
export type FieldOp = FieldFilter['op'];
export type PathStatus = PathResultFilter['status'];
export type CertificateStatus = CertificateFilter['status'];

// Who
export type SealedGroup = Schemas['SealedGroup'];
export type BlockCounts = Schemas['BlockCounts'];
export type Preview = Schemas['Preview'];
export type PreviewRequest = Schemas['PreviewRequest'];
export type AudienceMember = Schemas['AudienceMember'];
export type MembersRequest = Schemas['MembersRequest'];
export type Fact = Schemas['Fact'];
export type Explanation = Schemas['Explanation'];
export type ExplainNode = Schemas['ExplainNode'];
export type ExplainBlock = Schemas['ExplainBlock'];
export type ExplainTree = Schemas['ExplainTree'];
export type NextChange = Schemas['NextChange'];
export type SentencePart = Schemas['SentencePart'];
export type ForecastPoint = Schemas['ForecastDay'];
export type Segment = Schemas['Segment'];
export type EnrollmentRule = Schemas['EnrollmentRule'];
/** What is written of an enrollment rule. */
export type RuleBody = Schemas['EnrollmentRuleInput'];
export type SegmentInput = Schemas['SegmentInput'];
export type SegmentChange = Schemas['SegmentChange'];

// Enrolling
export type Method = Schemas['Method'];
export type MethodOfActivity = Schemas['MethodOfActivity'];
export type MethodKind = Method['kind'];
export type MethodState = Method['state'];
export type OnLeave = Method['on_leave'];
export type Policy = Schemas['Policy'];
export type PlanRequest = Schemas['PlanRequest'];
export type ApplyRequest = Schemas['ApplyRequest'];
export type Plan = Schemas['Plan'];
export type Applied = Schemas['Applied'];
export type EmailPlan = Schemas['EmailPlan'];
export type Emails = Schemas['Emails'];
export type EmailKind = Schemas['SortedEmail']['kind'];
export type Award = Schemas['Award'];
export type Enrollment = Schemas['Enrollment'];
export type EnrollmentState = Enrollment['state'];
export type ActKind = Schemas['Act']['do'];
export type Exclude = Schemas['Exclude'];
/** Somebody whom a session leaves out, whatever its methods say. */
export type Exclusion = Schemas['Exclusion'];
/** A class of a session. */
export type CourseGroup = Schemas['CourseGroup'];
export type Placed = Schemas['Placed'];
/** How somebody stands on a qualification that they have. */
export type QualificationRow = Schemas['QualificationRow'];
export type Requirement = Schemas['Requirement'];
export type Need = Schemas['Need'];
export type NeedKind = Need['kind'];
export type Counts = Schemas['Counts'];
export type Run = Schemas['Run'];
/** A run with whom it left alone as an undo. */
export type RunDetail = Schemas['RunDetail'];
export type RunState = Run['state'];
export type RunCause = Run['cause'];
export type RunChange = Schemas['RunChange'];
export type Reason = Schemas['Reason'];
/** The undo, a run itself. */
export type Undone = Schemas['Undone'];

// Board, catalog, player
export type BoardSession = Schemas['BoardSession'];
export type TimelinePoint = Schemas['TimelinePoint'];
export type Happening = Schemas['Happening'];
export type CatalogItem = Schemas['CatalogItem'];
export type Why = Schemas['Why'];
export type PersonProgress = Schemas['PersonProgress'];
export type Player = Schemas['Player'];
export type PlayerStep = Schemas['PlayerStep'];

// Outbox
export type Message = Schemas['Message'];
export type MessageDetail = Schemas['MessageDetail'];
export type MessageState = Message['state'];
export type CancelledWhy = NonNullable<Message['cancelled_why']>;
export type MessageKind = Message['kind'];

// The live socket
export type LiveClientFrame = Schemas['LiveClientFrame'];
export type LiveServerFrame = Schemas['LiveServerFrame'];
export type LiveStates = Schemas['LiveStates'];
export type EventFrame = Schemas['EventFrame'];
export type StateFrame = Schemas['StateFrame'];
export type CountsFrame = Schemas['CountsFrame'];
export type LiveProblem = Schemas['FrameProblem'];

// What acts would do
export type Assignment = Schemas['Assignment'];
export type AssignmentGrid = Schemas['AssignmentGrid'];
export type NewAssignment = Schemas['NewAssignment'];
export type EndedAssignment = Schemas['EndedAssignment'];
export type Change = Schemas['ConsequencesRequest']['changes'][number];
export type Figures = Pick<
  Schemas['SessionConsequences'],
  'entering' | 'leaving' | 'gaining' | 'losing' | 'completed_stay' | 'blocked' | 'freed' | 'held'
>;
export type Consequences = Schemas['Consequences'];
/** Where something happens to somebody, why, and the dates it is about. */
export type ConsequencePlace = Schemas['PlaceOfChange'];
export type PlannedMessage = Schemas['PlannedMessage'];
/** A sheet being imported. */
export type Import = Schemas['Import'];
export type ImportKind = Import['kind'];
export type ImportRow = Schemas['PreviewRow'];
export type ImportQuestion = Schemas['ImportQuestion'];
/** Acts collected under a name, and what would follow from all of them. */
export type Rehearsal = Schemas['Rehearsal'];
export type RehearsalConsequences = Schemas['RehearsalConsequences'];
export type ChangedPerson = Schemas['ChangedPerson'];
/** Who is enrolled, in what, and how. */
export type EnrollmentRequest = Schemas['EnrollmentRequest'];
export type EnrollmentConsequences = Schemas['EnrollmentConsequences'];
/** What somebody asks to be done for them. */
export type Proposal = Schemas['Proposal'];
export type PastedAddresses = Schemas['Addresses'];
