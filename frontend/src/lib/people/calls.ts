import {
  answer,
  client,
  ifMatch,
  LARGEST_PAGE,
  toQuery,
  type FieldChange,
  type FieldInput,
  type Id,
  type LearnerInput,
  type OrganisationChange,
  type QueryOf,
} from '$lib/api';

export const fields = (signal?: AbortSignal) =>
  answer(client.GET('/api/v1/fields', { params: { query: { limit: LARGEST_PAGE } }, signal }));
export const createField = (body: FieldInput) => answer(client.POST('/api/v1/fields', { body }));
export const updateField = (field_id: Id, body: FieldChange, version?: number) =>
  answer(
    client.PATCH('/api/v1/fields/{field_id}', {
      params: { path: { field_id } },
      body,
      headers: ifMatch(version),
    }),
  );

type LearnersAsked = QueryOf<'/api/v1/learners'> & { [field: `field.${string}`]: unknown };
export const learners = (query: LearnersAsked, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/learners', { params: { query: toQuery<'/api/v1/learners'>(query) }, signal }));
export const learner = (learner_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/learners/{learner_id}', { params: { path: { learner_id } }, signal }));
export const createLearner = (body: LearnerInput) => answer(client.POST('/api/v1/learners', { body }));

export const organisation = (signal?: AbortSignal) => answer(client.GET('/api/v1/organisation', { signal }));
export const updateOrganisation = (body: OrganisationChange) =>
  answer(client.PATCH('/api/v1/organisation', { body }));
