import type { AddedFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export const ADDED_OPS: AddedFilter['op'][] = ['last_days', 'after', 'before', 'between'];
const ADDED_DAYS = 30;

export const addedOpWord: Record<AddedFilter['op'], () => string> = {
  last_days: m.builder_added_last_days,
  after: m.builder_op_after,
  before: m.builder_op_before,
  between: m.builder_op_between,
};

export const newAdded = (): AddedFilter => ({ type: 'added', op: 'last_days', values: [ADDED_DAYS] });

/** The filter with another operator; what was entered stays where the new one can use it. */
export function withAddedOp(filter: AddedFilter, op: AddedFilter['op']): AddedFilter {
  if (op === 'last_days') return newAdded();
  const days = filter.values.filter((value) => typeof value === 'string');
  return { type: 'added', op, values: op === 'between' ? days.slice(0, 2) : days.slice(0, 1) };
}
