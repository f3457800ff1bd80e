import {
  answer,
  client,
  ifMatch,
  toQuery,
  type ActivityChange,
  type ActivityInput,
  type Id,
  type QueryOf,
  type SessionInput,
} from '$lib/api';

export const activities = (query: QueryOf<'/api/v1/activities'> = {}, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/activities', { params: { query: toQuery<'/api/v1/activities'>(query) }, signal }),
  );
export const activity = (activity_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/activities/{activity_id}', { params: { path: { activity_id } }, signal }));
export const createActivity = (body: ActivityInput) => answer(client.POST('/api/v1/activities', { body }));
export const updateActivity = (activity_id: Id, body: ActivityChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/activities/{activity_id}', {
      params: { path: { activity_id } },
      body,
      headers: ifMatch(version),
    }),
  );
export const deleteActivity = (activity_id: Id) =>
  answer(client.DELETE('/api/v1/activities/{activity_id}', { params: { path: { activity_id } } }));

export const sessions = (query: QueryOf<'/api/v1/sessions'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/sessions', { params: { query: toQuery<'/api/v1/sessions'>(query) }, signal }));
export const session = (session_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/sessions/{session_id}', { params: { path: { session_id } }, signal }));
export const createSession = (body: SessionInput) => answer(client.POST('/api/v1/sessions', { body }));
export const deleteSession = (session_id: Id) =>
  answer(client.DELETE('/api/v1/sessions/{session_id}', { params: { path: { session_id } } }));
export const learnerAwards = (
  learner_id: Id,
  query: QueryOf<'/api/v1/learners/{learner_id}/awards'> = {},
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/learners/{learner_id}/awards', {
      params: { path: { learner_id }, query: toQuery<'/api/v1/learners/{learner_id}/awards'>(query) },
      signal,
    }),
  );

const step = (activity_id: Id, step_id: Id) => ({ params: { path: { activity_id, step_id } } });

export const catalog = (signal?: AbortSignal) => answer(client.GET('/api/v1/me/catalog', { signal }));
export const player = (activity_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/me/activities/{activity_id}', { params: { path: { activity_id } }, signal }));
export const startStep = (activity: Id, id: Id) =>
  answer(client.POST('/api/v1/activities/{activity_id}/steps/{step_id}/start', step(activity, id)));
export const completeStep = (activity: Id, id: Id) =>
  answer(
    client.POST('/api/v1/activities/{activity_id}/steps/{step_id}/complete', {
      ...step(activity, id),
      body: {},
    }),
  );
/** Leaves what the reader joined, or the list of those who wait. */
export const leaveSession = (session_id: Id) =>
  answer(client.POST('/api/v1/sessions/{session_id}/leave', { params: { path: { session_id } } }));
export const selfEnroll = (session_id: Id, key?: string) =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/self-enroll', {
      params: { path: { session_id } },
      body: key ? { key } : {},
    }),
  );
