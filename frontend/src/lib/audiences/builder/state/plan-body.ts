import type { Id, PlanRequest } from '$lib/api';
import { ruleToSave, type Draft } from '../core';

/** The body of a plan: the draft as the wire wants it. What is empty is said, since what is left out stays. */
export function planBody(draft: Draft, method_id: Id | null): PlanRequest {
  return {
    ...(method_id === null ? { kind: 'audience' as const } : { method_id }),
    ...draft.policy,
    rule: ruleToSave(draft.rule),
  };
}
