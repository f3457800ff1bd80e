import {
  answer,
  client,
  ifMatch,
  toQuery,
  type EnrollmentRule,
  type Id,
  type QueryOf,
  type RuleBody,
} from '$lib/api';

export const enrollmentRules = (query: QueryOf<'/api/v1/enrollment-rules'> = {}, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/enrollment-rules', {
      params: { query: toQuery<'/api/v1/enrollment-rules'>(query) },
      signal,
    }),
  );
export const enrollmentRule = (rule_id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/enrollment-rules/{rule_id}', { params: { path: { rule_id } }, signal }));

/** Keeps a rule that enrolls nobody yet. */
export const saveDraft = (rule: EnrollmentRule | null, body: RuleBody): Promise<EnrollmentRule> =>
  rule === null
    ? answer(client.POST('/api/v1/enrollment-rules', { body }))
    : answer(
        client.PATCH('/api/v1/enrollment-rules/{rule_id}', {
          params: { path: { rule_id: rule.id } },
          headers: ifMatch(rule.version),
          body,
        }),
      );
