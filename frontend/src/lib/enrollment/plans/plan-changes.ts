/** What is different between the plan somebody looked at and the one that holds now. */
import type { Person, Plan } from '$lib/api';
import { PLAN_LISTS, type PlanList } from './plan-parts';

export interface PlanChange {
  kind: PlanList;
  before: number;
  now: number;
  /** Who is on the list now and was not, and the other way round: as far as the plans name their people. */
  came: Person[];
  went: Person[];
}

const people = (plan: Plan, kind: PlanChange['kind']): Person[] =>
  kind === 'blocked' ? plan.samples.blocked.map((one) => one.learner) : plan.samples[kind];

/** Plans show the first of their people only, so somebody missing from a longer list proves nothing. */
function missing(from: Plan, those: Person[], kind: PlanChange['kind']): Person[] {
  const listed = people(from, kind);
  if (listed.length < from[kind]) return [];
  const ids = new Set(listed.map((one) => one.id));
  return those.filter((one) => !ids.has(one.id));
}

export function planChanges(before: Plan, now: Plan): PlanChange[] {
  return PLAN_LISTS.map((kind) => ({
    kind,
    before: before[kind],
    now: now[kind],
    came: missing(before, people(now, kind), kind),
    went: missing(now, people(before, kind), kind),
  })).filter((one) => one.before !== one.now || one.came.length > 0 || one.went.length > 0);
}
