import {
  answer,
  client,
  toQuery,
  type Day,
  type Id,
  type MembersRequest,
  type PreviewRequest,
  type QueryOf,
  type SegmentInput,
  type WireRule,
} from '$lib/api';

export const preview = (body: PreviewRequest, signal?: AbortSignal) =>
  answer(client.POST('/api/v1/audiences/preview', { body, signal }));
export const audienceMembers = (body: MembersRequest, signal?: AbortSignal) =>
  answer(client.POST('/api/v1/audiences/members', { body, signal }));
export const explain = (
  body: { rule: WireRule; learner_id: Id; at?: Day; session_id?: Id },
  signal?: AbortSignal,
) => answer(client.POST('/api/v1/audiences/explain', { body, signal }));
export const forecast = (body: { rule: WireRule; from: Day; to: Day }, signal?: AbortSignal) =>
  answer(client.POST('/api/v1/audiences/forecast', { body, signal }));
export const audienceHistory = (body: { rule: WireRule; days: Day[] }, signal?: AbortSignal) =>
  answer(client.POST('/api/v1/audiences/history', { body, signal }));
export const describe = (body: { rule: WireRule; language?: string }, signal?: AbortSignal) =>
  answer(client.POST('/api/v1/audiences/describe', { body, signal }));

export const sameAudiences = (
  body: { rule: WireRule; except_methods: Id[]; except_segment: Id | null },
  signal?: AbortSignal,
) => answer(client.POST('/api/v1/audiences/same', { body, signal }));

export const segments = (query: QueryOf<'/api/v1/segments'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/segments', { params: { query: toQuery<'/api/v1/segments'>(query) }, signal }));
export const segment = (segment_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/segments/{segment_id}', { params: { path: { segment_id } }, signal }));
export const createSegment = (body: SegmentInput) => answer(client.POST('/api/v1/segments', { body }));
