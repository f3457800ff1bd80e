/** What the builder edits of a method: its rule, and how it enrolls. */
import type { Method, Rule, WireRule } from '$lib/api';
import { NEW_POLICY, policyOf, type Policy } from '$lib/enrollment/policy/policy';
import { EMPTY_RULE, withDefaults, sameRule } from './edit';

export { NEW_POLICY, type Policy };

export interface Draft {
  rule: Rule;
  policy: Policy;
}

export const NEW_DRAFT: Draft = { rule: EMPTY_RULE, policy: NEW_POLICY };

export function draftOf(method: Method): Draft {
  return {
    rule: withDefaults(method.rule),
    policy: policyOf(method),
  };
}

export function samePolicy(a: Policy, b: Policy): boolean {
  return (Object.keys(NEW_POLICY) as (keyof Policy)[]).every((key) => a[key] === b[key]);
}

export function sameDraft(a: Draft, b: Draft): boolean {
  return samePolicy(a.policy, b.policy) && sameRule(a.rule, b.rule);
}

/** The rule as it is kept: one that is to hold nobody says so, since one that lost its parts would end everybody's access. */
export function ruleToSave(rule: Rule): WireRule {
  return meansNobody(rule) ? { ...rule, nobody: true } : rule;
}

/** Whether there is nobody whom a rule could mean. */
export function meansNobody(rule: Rule): boolean {
  return rule.blocks.length === 0 && rule.include.length === 0;
}
