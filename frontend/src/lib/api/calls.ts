/** One function per route of the API, so that paths are written once. */
import { del, get, patch, post, request, type QueryValue, type RequestOptions } from './request';
import type {
  Activity,
  Applied,
  Counts,
  Enrollment,
  Explanation,
  Field,
  ForecastPoint,
  Group,
  Id,
  Learner,
  Me,
  Member,
  MemberRole,
  Message,
  OnLeave,
  Organisation,
  Method,
  Page,
  Plan,
  Preview,
  Role,
  Rule,
  Run,
  RunChange,
  Scope,
  Segment,
  Session,
  Token,
  Undone,
  Unlink,
} from './types';

type Query = Record<string, QueryValue>;
type Signal = AbortSignal | undefined;

/** The longest page the API gives. */
export const LARGEST_PAGE = 1000;

// Who is signed in
export const me = (signal?: Signal) => request<Me>('GET', '/auth/me', { signal, anonymous: true });
export const signIn = (email: string, password: string) =>
  post<Me | undefined>('/auth/login', { email, password }, { anonymous: true });
export const signOut = () => post<void>('/auth/logout');
export const changePassword = (current: string, next: string) =>
  post<void>('/auth/password', { current, new: next });
export const invitation = (token: string, signal?: Signal) =>
  get<{ email: string; first_name: string; last_name: string; language: string }>(
    `/auth/invitations/${encodeURIComponent(token)}`,
    undefined,
    signal,
  );
export const acceptInvitation = (token: string, password: string) =>
  post<Me | undefined>(`/auth/invitations/${encodeURIComponent(token)}`, { password }, { anonymous: true });

// People and structure
export const fields = (signal?: Signal) => get<Page<Field>>('/fields', { limit: LARGEST_PAGE }, signal);
export const createField = (field: Partial<Field>) => post<Field>('/fields', field);
export const updateField = (id: Id, field: Partial<Field>, version?: number) =>
  patch<Field>(`/fields/${id}`, field, { ifMatch: version });
export const deleteField = (id: Id) => del(`/fields/${id}`);

export const learners = (query: Query, signal?: Signal) => get<Page<Learner>>('/learners', query, signal);
export const learner = (id: Id, signal?: Signal) => get<Learner>(`/learners/${id}`, undefined, signal);
export const createLearner = (learner: Partial<Learner>) => post<Learner>('/learners', learner);
export const updateLearner = (id: Id, learner: Partial<Learner>, version?: number) =>
  patch<Learner>(`/learners/${id}`, learner, { ifMatch: version });
export const learnerEnrollments = (id: Id, query: Query = {}, signal?: Signal) =>
  get<Page<Enrollment>>(`/learners/${id}/enrollments`, query, signal);

export const groups = (query: Query = {}, signal?: Signal) => get<Page<Group>>('/groups', query, signal);
export const group = (id: Id, signal?: Signal) => get<Group>(`/groups/${id}`, undefined, signal);
export const createGroup = (group: Partial<Group>) => post<Group>('/groups', group);
export const updateGroup = (id: Id, group: Partial<Group>, version?: number) =>
  patch<Group>(`/groups/${id}`, group, { ifMatch: version });
export const deleteGroup = (id: Id) => del(`/groups/${id}`);
export const members = (id: Id, query: Query = {}, signal?: Signal) =>
  get<Page<Member>>(`/groups/${id}/members`, query, signal);
export const addMembers = (id: Id, learner_ids: Id[], role: MemberRole = 'member') =>
  post<unknown>(`/groups/${id}/members`, { learner_ids, role });
export const removeMembers = (id: Id, learner_ids: Id[], unlink: Unlink) =>
  post<unknown>(`/groups/${id}/members/remove`, { learner_ids, unlink });
export const moveMembers = (id: Id, learner_ids: Id[], to_group_id: Id, unlink: Unlink) =>
  post<unknown>(`/groups/${id}/members/move`, { learner_ids, to_group_id, unlink });

// Learning
export const activities = (query: Query = {}, signal?: Signal) =>
  get<Page<Activity>>('/activities', query, signal);
export const activity = (id: Id, signal?: Signal) => get<Activity>(`/activities/${id}`, undefined, signal);
export const createActivity = (activity: Partial<Activity>) => post<Activity>('/activities', activity);
export const updateActivity = (id: Id, activity: Partial<Activity>, version?: number) =>
  patch<Activity>(`/activities/${id}`, activity, { ifMatch: version });
export const deleteActivity = (id: Id) => del(`/activities/${id}`);

export const sessions = (query: Query = {}, signal?: Signal) =>
  get<Page<Session>>('/sessions', query, signal);
export const session = (id: Id, signal?: Signal) => get<Session>(`/sessions/${id}`, undefined, signal);
export const createSession = (session: Partial<Session>) => post<Session>('/sessions', session);
export const updateSession = (id: Id, session: Partial<Session>, version?: number) =>
  patch<Session>(`/sessions/${id}`, session, { ifMatch: version });
export const deleteSession = (id: Id) => del(`/sessions/${id}`);

// Who
export const preview = (
  body: { rule: Rule; session_id?: Id; at?: string; sample?: number },
  signal?: Signal,
) => post<Preview>('/audiences/preview', body, { signal });
export const audienceMembers = (
  body: { rule: Rule; at?: string; limit?: number; cursor?: string | null; q?: string },
  signal?: Signal,
) => post<Page<Learner>>('/audiences/members', body, { signal });
export const explain = (body: { rule: Rule; learner_id: Id; at?: string }, signal?: Signal) =>
  post<Explanation>('/audiences/explain', body, { signal });
export const forecast = (body: { rule: Rule; from: string; to: string }, signal?: Signal) =>
  post<ForecastPoint[]>('/audiences/forecast', body, { signal });
export const describe = (rule: Rule, signal?: Signal) =>
  post<{ sentence: string }>('/audiences/describe', { rule }, { signal });

export const segments = (query: Query = {}, signal?: Signal) =>
  get<Page<Segment>>('/segments', query, signal);
export const segment = (id: Id, signal?: Signal) => get<Segment>(`/segments/${id}`, undefined, signal);
export const createSegment = (segment: Partial<Segment>) => post<Segment>('/segments', segment);
export const updateSegment = (id: Id, segment: Partial<Segment>, version?: number) =>
  patch<Segment>(`/segments/${id}`, segment, { ifMatch: version });
export const deleteSegment = (id: Id) => del(`/segments/${id}`);

// Enrolling
export const methods = (session_id: Id, signal?: Signal) =>
  get<Page<Method>>(`/sessions/${session_id}/methods`, { limit: LARGEST_PAGE }, signal);
export const updateMethod = (session_id: Id, id: Id, method: Partial<Method>, version?: number) =>
  patch<Method>(`/sessions/${session_id}/methods/${id}`, method, { ifMatch: version });
/** `people`: what becomes of those whom only this method holds. Answers the run; nothing for a draft. */
export const deleteMethod = (session_id: Id, id: Id, people: OnLeave) =>
  request<Applied | null>('DELETE', `/sessions/${session_id}/methods/${id}`, { query: { people } });
/** What would change; `body` is the method's rule and policy. Nothing is written. */
export const plan = (session_id: Id, body: Partial<Method> & { method_id?: Id }, signal?: Signal) =>
  post<Plan>(`/sessions/${session_id}/plan`, body, { signal });
/** Confirms a plan by its hash. A 409 problem's `body` carries the new plan. */
export const apply = (
  session_id: Id,
  body: Partial<Method> & { method_id?: Id; hash: string },
  options?: RequestOptions,
) => post<Applied>(`/sessions/${session_id}/apply`, body, options);
export const counts = (session_id: Id, signal?: Signal) =>
  get<Counts>(`/sessions/${session_id}/counts`, undefined, signal);
export const enrollments = (session_id: Id, query: Query = {}, signal?: Signal) =>
  get<Page<Enrollment>>(`/sessions/${session_id}/enrollments`, query, signal);
export const actOnEnrollment = (
  id: Id,
  act: 'suspend' | 'resume' | 'extend' | 'unenroll',
  body: Record<string, unknown> = {},
) => post<Enrollment | undefined>(`/enrollments/${id}/${act}`, body);

export const organisation = (signal?: Signal) => get<Organisation>('/organisation', undefined, signal);
export const updateOrganisation = (changes: Partial<Organisation>) =>
  patch<Organisation>('/organisation', changes);

// Runs, outbox, settings
export const runs = (query: Query = {}, signal?: Signal) => get<Page<Run>>('/runs', query, signal);
export const run = (id: Id, signal?: Signal) => get<Run>(`/runs/${id}`, undefined, signal);
export const undoRun = (id: Id) => post<Undone>(`/runs/${id}/undo`);
export const approveRun = (id: Id) => post<Run>(`/runs/${id}/approve`, {});
export const rejectRun = (id: Id, reason = '') => post<Run>(`/runs/${id}/reject`, { reason });
export const runChanges = (id: Id, query: Query = {}, signal?: Signal) =>
  get<Page<RunChange>>(`/runs/${id}/changes`, query, signal);

export const outbox = (query: Query = {}, signal?: Signal) => get<Page<Message>>('/outbox', query, signal);
export const message = (id: Id, signal?: Signal) => get<Message>(`/outbox/${id}`, undefined, signal);

export const tokens = (signal?: Signal) => get<Page<Token>>('/tokens', { limit: LARGEST_PAGE }, signal);
export const createToken = (token: { name: string; scopes: Scope[]; expires_at?: string | null }) =>
  post<Token>('/tokens', token);
export const deleteToken = (id: Id) => del(`/tokens/${id}`);

export type { Role };
