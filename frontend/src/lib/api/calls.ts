/** One function per use of a route, so that paths are written once. What each takes and answers is the document's. */
import { answer, asked, client, madeOn, repeating, type Asked } from './client';
import type {
  ActivityChange,
  ActivityInput,
  ApplyRequest,
  Day,
  Emails,
  FieldChange,
  FieldInput,
  GroupChange,
  GroupInput,
  Id,
  LearnerChange,
  LearnerInput,
  MemberRole,
  MembersMove,
  MembersRemoval,
  MembersRequest,
  MethodRemoval,
  OnLeave,
  OrganisationChange,
  PlanRequest,
  Policy,
  PreviewRequest,
  SegmentInput,
  SegmentPatch,
  SessionChange,
  SessionInput,
  TokenInput,
  WireRule,
} from './types';

type Signal = AbortSignal | undefined;

/** The longest page the API gives. */
export const LARGEST_PAGE = 1000;
const WHOLE = { limit: LARGEST_PAGE };

// Who is signed in
export const me = (signal?: Signal) => answer(client.GET('/api/v1/auth/me', { signal }));
export const signIn = (email: string, password: string) =>
  answer(client.POST('/api/v1/auth/login', { body: { email, password } }));
export const signOut = () => answer(client.POST('/api/v1/auth/logout'));
export const changePassword = (current: string, next: string) =>
  answer(client.POST('/api/v1/auth/password', { body: { current, new: next } }));
export const invitation = (token: string, signal?: Signal) =>
  answer(client.GET('/api/v1/auth/invitations/{token}', { params: { path: { token } }, signal }));
export const acceptInvitation = (token: string, password: string) =>
  answer(
    client.POST('/api/v1/auth/invitations/{token}', { params: { path: { token } }, body: { password } }),
  );

// People and structure
export const fields = (signal?: Signal) =>
  answer(client.GET('/api/v1/fields', { params: { query: WHOLE }, signal }));
export const createField = (body: FieldInput) => answer(client.POST('/api/v1/fields', { body }));
export const updateField = (field_id: Id, body: FieldChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/fields/{field_id}', {
      params: { path: { field_id } },
      body,
      headers: madeOn(version),
    }),
  );
export const deleteField = (field_id: Id) =>
  answer(client.DELETE('/api/v1/fields/{field_id}', { params: { path: { field_id } } }));

type LearnersAsked = Asked<'/api/v1/learners'> & { [field: `field.${string}`]: unknown };
export const learners = (query: LearnersAsked, signal?: Signal) =>
  answer(client.GET('/api/v1/learners', { params: { query: asked<'/api/v1/learners'>(query) }, signal }));
export const learner = (learner_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/learners/{learner_id}', { params: { path: { learner_id } }, signal }));
export const createLearner = (body: LearnerInput) => answer(client.POST('/api/v1/learners', { body }));
export const updateLearner = (learner_id: Id, body: LearnerChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/learners/{learner_id}', {
      params: { path: { learner_id } },
      body,
      headers: madeOn(version),
    }),
  );
export const learnerEnrollments = (
  learner_id: Id,
  query: Asked<'/api/v1/learners/{learner_id}/enrollments'> = {},
  signal?: Signal,
) =>
  answer(
    client.GET('/api/v1/learners/{learner_id}/enrollments', {
      params: { path: { learner_id }, query: asked<'/api/v1/learners/{learner_id}/enrollments'>(query) },
      signal,
    }),
  );
export const learnerAwards = (
  learner_id: Id,
  query: Asked<'/api/v1/learners/{learner_id}/awards'> = {},
  signal?: Signal,
) =>
  answer(
    client.GET('/api/v1/learners/{learner_id}/awards', {
      params: { path: { learner_id }, query: asked<'/api/v1/learners/{learner_id}/awards'>(query) },
      signal,
    }),
  );

export const groups = (query: Asked<'/api/v1/groups'> = {}, signal?: Signal) =>
  answer(client.GET('/api/v1/groups', { params: { query: asked<'/api/v1/groups'>(query) }, signal }));
export const group = (group_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/groups/{group_id}', { params: { path: { group_id } }, signal }));
export const createGroup = (body: GroupInput) => answer(client.POST('/api/v1/groups', { body }));
export const updateGroup = (group_id: Id, body: GroupChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/groups/{group_id}', {
      params: { path: { group_id } },
      body,
      headers: madeOn(version),
    }),
  );
export const deleteGroup = (group_id: Id) =>
  answer(client.DELETE('/api/v1/groups/{group_id}', { params: { path: { group_id } } }));
export const members = (
  group_id: Id,
  query: Asked<'/api/v1/groups/{group_id}/members'> = {},
  signal?: Signal,
) =>
  answer(
    client.GET('/api/v1/groups/{group_id}/members', {
      params: { path: { group_id }, query: asked<'/api/v1/groups/{group_id}/members'>(query) },
      signal,
    }),
  );
export const addMembers = (group_id: Id, learner_ids: Id[], role: MemberRole = 'member', approve = false) =>
  answer(
    client.POST('/api/v1/groups/{group_id}/members', {
      params: { path: { group_id } },
      body: { learner_ids, role, approve },
    }),
  );
/** With `dry_run` nothing is written: the answer says what would become of enrollments, and what erasing takes. */
export const removeMembers = (group_id: Id, body: MembersRemoval) =>
  answer(client.POST('/api/v1/groups/{group_id}/members/remove', { params: { path: { group_id } }, body }));
export const moveMembers = (group_id: Id, body: MembersMove) =>
  answer(client.POST('/api/v1/groups/{group_id}/members/move', { params: { path: { group_id } }, body }));

// Learning
export const activities = (query: Asked<'/api/v1/activities'> = {}, signal?: Signal) =>
  answer(client.GET('/api/v1/activities', { params: { query: asked<'/api/v1/activities'>(query) }, signal }));
export const activity = (activity_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/activities/{activity_id}', { params: { path: { activity_id } }, signal }));
export const createActivity = (body: ActivityInput) => answer(client.POST('/api/v1/activities', { body }));
export const updateActivity = (activity_id: Id, body: ActivityChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/activities/{activity_id}', {
      params: { path: { activity_id } },
      body,
      headers: madeOn(version),
    }),
  );
export const deleteActivity = (activity_id: Id) =>
  answer(client.DELETE('/api/v1/activities/{activity_id}', { params: { path: { activity_id } } }));

export const sessions = (query: Asked<'/api/v1/sessions'> = {}, signal?: Signal) =>
  answer(client.GET('/api/v1/sessions', { params: { query: asked<'/api/v1/sessions'>(query) }, signal }));
export const session = (session_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/sessions/{session_id}', { params: { path: { session_id } }, signal }));
export const createSession = (body: SessionInput) => answer(client.POST('/api/v1/sessions', { body }));
export const updateSession = (session_id: Id, body: SessionChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/sessions/{session_id}', {
      params: { path: { session_id } },
      body,
      headers: madeOn(version),
    }),
  );
export const deleteSession = (session_id: Id) =>
  answer(client.DELETE('/api/v1/sessions/{session_id}', { params: { path: { session_id } } }));

// Who
export const preview = (body: PreviewRequest, signal?: Signal) =>
  answer(client.POST('/api/v1/audiences/preview', { body, signal }));
export const audienceMembers = (body: MembersRequest, signal?: Signal) =>
  answer(client.POST('/api/v1/audiences/members', { body, signal }));
export const explain = (
  body: { rule: WireRule; learner_id: Id; at?: Day; session_id?: Id },
  signal?: Signal,
) => answer(client.POST('/api/v1/audiences/explain', { body, signal }));
export const forecast = (body: { rule: WireRule; from: Day; to: Day }, signal?: Signal) =>
  answer(client.POST('/api/v1/audiences/forecast', { body, signal }));
export const audienceHistory = (body: { rule: WireRule; days: Day[] }, signal?: Signal) =>
  answer(client.POST('/api/v1/audiences/history', { body, signal }));
export const describe = (body: { rule: WireRule; language?: string }, signal?: Signal) =>
  answer(client.POST('/api/v1/audiences/describe', { body, signal }));

export const segments = (query: Asked<'/api/v1/segments'> = {}, signal?: Signal) =>
  answer(client.GET('/api/v1/segments', { params: { query: asked<'/api/v1/segments'>(query) }, signal }));
export const segment = (segment_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/segments/{segment_id}', { params: { path: { segment_id } }, signal }));
export const createSegment = (body: SegmentInput) => answer(client.POST('/api/v1/segments', { body }));
export const updateSegment = (segment_id: Id, body: SegmentPatch, version?: number) =>
  answer(
    client.PATCH('/api/v1/segments/{segment_id}', {
      params: { path: { segment_id } },
      body,
      headers: madeOn(version),
    }),
  );
export const deleteSegment = (segment_id: Id) =>
  answer(client.DELETE('/api/v1/segments/{segment_id}', { params: { path: { segment_id } } }));

// Enrolling
export const methods = (session_id: Id, signal?: Signal) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/methods', {
      params: { path: { session_id }, query: WHOLE },
      signal,
    }),
  );
export const updateMethod = (session_id: Id, method_id: Id, body: Policy, version?: number) =>
  answer(
    client.PATCH('/api/v1/sessions/{session_id}/methods/{method_id}', {
      params: { path: { session_id, method_id } },
      body,
      headers: madeOn(version),
    }),
  );
/** `people`: what becomes of those whom only this method holds. Answers the run; nothing for a draft. */
export const deleteMethod = (session_id: Id, method_id: Id, body: MethodRemoval) =>
  answer(
    client.DELETE('/api/v1/sessions/{session_id}/methods/{method_id}', {
      params: { path: { session_id, method_id } },
      body,
    }),
  );
/** What would change; `body` is the method's rule and policy. Nothing is written. */
export const plan = (session_id: Id, body: PlanRequest, signal?: Signal) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/plan', { params: { path: { session_id } }, body, signal }),
  );
/** Confirms a plan by its hash. A 409 problem's `body` carries the new plan. */
export const apply = (session_id: Id, body: ApplyRequest, key?: string) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/apply', {
      params: { path: { session_id } },
      body,
      headers: repeating(key),
    }),
  );
/** Sorts pasted addresses; with the hash of a sorting that was shown, enrolls its known and new people. */
export const emails = (session_id: Id, body: Emails, signal?: Signal) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/emails', { params: { path: { session_id } }, body, signal }),
  );
export const counts = (session_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/sessions/{session_id}/counts', { params: { path: { session_id } }, signal }));
export const enrollments = (
  session_id: Id,
  query: Asked<'/api/v1/sessions/{session_id}/enrollments'> = {},
  signal?: Signal,
) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/enrollments', {
      params: { path: { session_id }, query: asked<'/api/v1/sessions/{session_id}/enrollments'>(query) },
      signal,
    }),
  );
const enrollment = (enrollment_id: Id) => ({ params: { path: { enrollment_id } } });
export const enrollmentOf = (id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/enrollments/{enrollment_id}', { ...enrollment(id), signal }));
export const suspend = (id: Id) =>
  answer(client.POST('/api/v1/enrollments/{enrollment_id}/suspend', enrollment(id)));
export const resume = (id: Id) =>
  answer(client.POST('/api/v1/enrollments/{enrollment_id}/resume', enrollment(id)));
export const extend = (id: Id, due_at: string | null) =>
  answer(client.POST('/api/v1/enrollments/{enrollment_id}/extend', { ...enrollment(id), body: { due_at } }));
export const unenroll = (id: Id, body: { on_leave?: OnLeave; reason?: string } = {}) =>
  answer(client.POST('/api/v1/enrollments/{enrollment_id}/unenroll', { ...enrollment(id), body }));

export const organisation = (signal?: Signal) => answer(client.GET('/api/v1/organisation', { signal }));
/** What is stored and cannot be read. For platform admins. */
export const setAside = (query: { limit?: number; cursor?: string }, signal?: Signal) =>
  answer(client.GET('/api/v1/set-aside', { params: { query }, signal }));
export const updateOrganisation = (body: OrganisationChange) =>
  answer(client.PATCH('/api/v1/organisation', { body }));

// Runs, outbox, settings
const one = (run_id: Id) => ({ params: { path: { run_id } } });
export const runs = (query: Asked<'/api/v1/runs'> = {}, signal?: Signal) =>
  answer(client.GET('/api/v1/runs', { params: { query: asked<'/api/v1/runs'>(query) }, signal }));
export const run = (id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/runs/{run_id}', { ...one(id), signal }));
export const undoRun = (id: Id) => answer(client.POST('/api/v1/runs/{run_id}/undo', one(id)));
/** Lets a held removal go ahead; with `learner_ids` only for these people, and the rest stays held. */
export const approveRun = (id: Id, learner_ids?: Id[]) =>
  answer(
    client.POST('/api/v1/runs/{run_id}/approve', { ...one(id), body: learner_ids ? { learner_ids } : {} }),
  );
export const rejectRun = (id: Id, reason = '') =>
  answer(client.POST('/api/v1/runs/{run_id}/reject', { ...one(id), body: { reason } }));
export const runChanges = (run_id: Id, query: Asked<'/api/v1/runs/{run_id}/changes'> = {}, signal?: Signal) =>
  answer(
    client.GET('/api/v1/runs/{run_id}/changes', {
      params: { path: { run_id }, query: asked<'/api/v1/runs/{run_id}/changes'>(query) },
      signal,
    }),
  );

export const outbox = (query: Asked<'/api/v1/outbox'> = {}, signal?: Signal) =>
  answer(client.GET('/api/v1/outbox', { params: { query: asked<'/api/v1/outbox'>(query) }, signal }));
export const message = (message_id: Id, signal?: Signal) =>
  answer(client.GET('/api/v1/outbox/{message_id}', { params: { path: { message_id } }, signal }));

/** Without a mail server: where somebody who was invited chooses a password. It is noted who asked. */
export const revealInvitation = (message_id: Id) =>
  answer(client.POST('/api/v1/outbox/{message_id}/invitation', { params: { path: { message_id } } }));

export const tokens = (signal?: Signal) =>
  answer(client.GET('/api/v1/tokens', { params: { query: WHOLE }, signal }));
export const createToken = (body: TokenInput) => answer(client.POST('/api/v1/tokens', { body }));
export const deleteToken = (token_id: Id) =>
  answer(client.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id } } }));
