import {
  answer,
  client,
  idempotencyKey,
  ifMatch,
  LARGEST_PAGE,
  toQuery,
  type ApplyRequest,
  type DirectEnrollment,
  type Emails,
  type Exclude,
  type Id,
  type MethodRemoval,
  type PlanRequest,
  type Policy,
  type QueryOf,
} from '$lib/api';

export const learnerEnrollments = (
  learner_id: Id,
  query: QueryOf<'/api/v1/learners/{learner_id}/enrollments'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/learners/{learner_id}/enrollments', {
      params: { path: { learner_id }, query: toQuery<'/api/v1/learners/{learner_id}/enrollments'>(query) },
      signal,
    }),
  );

export const methods = (session_id: Id, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/methods', {
      params: { path: { session_id }, query: { limit: LARGEST_PAGE } },
      signal,
    }),
  );
/** Of all sessions of an activity in which the reader enrolls. */
export const activityMethods = (activity_id: Id, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/activities/{activity_id}/methods', {
      params: { path: { activity_id }, query: { limit: LARGEST_PAGE } },
      signal,
    }),
  );
export const updateMethod = (session_id: Id, method_id: Id, body: Policy, version?: number) =>
  answer(
    client.PATCH('/api/v1/sessions/{session_id}/methods/{method_id}', {
      params: { path: { session_id, method_id } },
      body,
      headers: ifMatch(version),
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
export const plan = (session_id: Id, body: PlanRequest, signal?: AbortSignal) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/plan', { params: { path: { session_id } }, body, signal }),
  );
/** Confirms a plan by its hash. A 409 problem's `body` carries the new plan. */
export const apply = (session_id: Id, body: ApplyRequest, key?: string) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/apply', {
      params: { path: { session_id } },
      body,
      headers: idempotencyKey(key),
    }),
  );
/** Sorts pasted addresses; with the hash of a sorting that was shown, enrolls its known and new people. */
export const emails = (session_id: Id, body: Emails, signal?: AbortSignal) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/emails', { params: { path: { session_id } }, body, signal }),
  );

export const counts = (session_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/sessions/{session_id}/counts', { params: { path: { session_id } }, signal }));
export const enrollments = (
  session_id: Id,
  query: QueryOf<'/api/v1/sessions/{session_id}/enrollments'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/enrollments', {
      params: { path: { session_id }, query: toQuery<'/api/v1/sessions/{session_id}/enrollments'>(query) },
      signal,
    }),
  );
export const activityEnrollments = (
  activity_id: Id,
  query: QueryOf<'/api/v1/activities/{activity_id}/enrollments'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/activities/{activity_id}/enrollments', {
      params: {
        path: { activity_id },
        query: toQuery<'/api/v1/activities/{activity_id}/enrollments'>(query),
      },
      signal,
    }),
  );

const enrollment = (enrollment_id: Id) => ({ params: { path: { enrollment_id } } });
export const enrollmentOf = (id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/enrollments/{enrollment_id}', { ...enrollment(id), signal }));
/** How far somebody is, step by step, and when they were last reminded. */
export const progressOf = (id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/enrollments/{enrollment_id}/progress', { ...enrollment(id), signal }));
export const nudge = (id: Id, note: string) =>
  answer(client.POST('/api/v1/enrollments/{enrollment_id}/nudge', { ...enrollment(id), body: { note } }));

const one = (run_id: Id) => ({ params: { path: { run_id } } });
export const runs = (query: QueryOf<'/api/v1/runs'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/runs', { params: { query: toQuery<'/api/v1/runs'>(query) }, signal }));
export const run = (id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/runs/{run_id}', { ...one(id), signal }));
export const undoRun = (id: Id) => answer(client.POST('/api/v1/runs/{run_id}/undo', one(id)));
/** Lets a held removal go ahead; with `learner_ids` only for these people, and the rest stays held. */
export const approveRun = (id: Id, learner_ids?: Id[]) =>
  answer(
    client.POST('/api/v1/runs/{run_id}/approve', { ...one(id), body: learner_ids ? { learner_ids } : {} }),
  );
export const rejectRun = (id: Id, reason = '') =>
  answer(client.POST('/api/v1/runs/{run_id}/reject', { ...one(id), body: { reason } }));
export const runChanges = (
  run_id: Id,
  query: QueryOf<'/api/v1/runs/{run_id}/changes'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/runs/{run_id}/changes', {
      params: { path: { run_id }, query: toQuery<'/api/v1/runs/{run_id}/changes'>(query) },
      signal,
    }),
  );

const within = (session_id: Id) => ({ params: { path: { session_id } } });
/** Whom the session leaves out, whatever its methods say. */
export const exclusions = (
  session_id: Id,
  query: QueryOf<'/api/v1/sessions/{session_id}/exclusions'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/exclusions', {
      params: { path: { session_id }, query: toQuery<'/api/v1/sessions/{session_id}/exclusions'>(query) },
      signal,
    }),
  );
/** The paths and programs inside a session's path, and who waits for a session of theirs. */
export const innerSteps = (session_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/sessions/{session_id}/inner-steps', { ...within(session_id), signal }));
export const enrollDirectly = (session_id: Id, body: DirectEnrollment) =>
  answer(client.POST('/api/v1/path-sessions/{session_id}/enroll', { ...within(session_id), body }));
export const exclude = (session_id: Id, body: Exclude) =>
  answer(client.POST('/api/v1/sessions/{session_id}/exclusions', { ...within(session_id), body }));
export const liftExclusions = (session_id: Id, learner_ids: Id[]) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/exclusions/lift', {
      ...within(session_id),
      body: { learner_ids },
    }),
  );
