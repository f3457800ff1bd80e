/** How people are enrolled: everything of a method that is not its rule. */
import type { Instant, Method, OnLeave, Rule, WireRule } from '$lib/api';
import { EMPTY_RULE, complete, sameRule } from './edit';

export interface Policy {
  name: string;
  dynamic: boolean;
  on_leave: OnLeave;
  role: Method['role'];
  mandatory: boolean;
  due_at: Instant | null;
  due_days: number | null;
}

/** What the builder edits. */
export interface Draft {
  rule: Rule;
  policy: Policy;
}

export const NEW_POLICY: Policy = {
  name: '',
  dynamic: true,
  on_leave: 'expire',
  role: 'learner',
  mandatory: false,
  due_at: null,
  due_days: null,
};

export const NEW_DRAFT: Draft = { rule: EMPTY_RULE, policy: NEW_POLICY };

export function draftOf(method: Method): Draft {
  return {
    rule: complete(method.rule),
    policy: {
      name: method.name ?? '',
      dynamic: method.dynamic,
      on_leave: method.on_leave,
      role: method.role,
      mandatory: method.mandatory,
      due_at: method.due_at ?? null,
      due_days: method.due_days ?? null,
    },
  };
}

export function samePolicy(a: Policy, b: Policy): boolean {
  return (Object.keys(NEW_POLICY) as (keyof Policy)[]).every((key) => a[key] === b[key]);
}

export function sameDraft(a: Draft, b: Draft): boolean {
  return samePolicy(a.policy, b.policy) && sameRule(a.rule, b.rule);
}

/** Whether there is anyone a rule could mean. */
/** The rule as it is kept: one that is to hold nobody says so, since one that lost its parts would end everybody's access. */
export function keptRule(rule: Rule): WireRule {
  return meansNobody(rule) ? { ...rule, nobody: true } : rule;
}

export function meansNobody(rule: Rule): boolean {
  return rule.blocks.length === 0 && rule.include.length === 0;
}
