/** What the page of an enrollment rule edits: a rule and its policy, as the builder has them, and its targets. */
import type { Change, EnrollmentRule, RuleBody } from '$lib/api';
import { NEW_POLICY, ruleToSave, withDefaults, type Draft, type Policy } from '$lib/audiences/builder/core';
import { targetOf, type TargetDraft, type TargetKey } from '../composer/draft.svelte';
import type { KnownTargets } from '../composer/target-options';

export function draftOf(rule: EnrollmentRule): Draft {
  const keys = Object.keys(NEW_POLICY) as (keyof Policy)[];
  const own = Object.fromEntries(keys.map((key) => [key, rule[key] ?? null])) as unknown as Policy;
  return { rule: withDefaults(rule.rule ?? null), policy: own };
}

export const targetsOf = (rule: EnrollmentRule): TargetKey[] =>
  rule.targets.map((target): TargetKey => `session-${target.session_id}`);

/** The names of the targets that it has. */
export function learnTargetsOf(rule: EnrollmentRule, known: KnownTargets): void {
  for (const target of rule.targets) {
    known.set(`session-${target.session_id}`, {
      label: `${target.activity_title} · ${target.session_name}`,
      noun: 'session',
    });
  }
}

/** What is written of it. */
export function bodyOf(draft: Draft, targets: TargetDraft): RuleBody {
  return {
    ...draft.policy,
    name: draft.policy.name.trim(),
    rule: ruleToSave(draft.rule),
    targets: targets.targets.map((key) => targetOf(key, targets)),
  };
}

/** What is asked of the server, and done as it was shown. */
export const changeOf = (
  rule: EnrollmentRule | null,
  body: RuleBody,
  pinned: { accept_broken_pins?: true } = {},
): Change => ({
  act: 'enrollment_rule',
  ...(rule === null ? {} : { id: rule.id }),
  ...body,
  ...pinned,
});
