/** Which questions fit which fields, and how a new one begins. */
import type { FieldFilter, FieldOp, FieldType, Ref } from '$lib/api';
import { daysIn, relativeDate, RELATIVE_OPS } from './relative-dates';

/** What the editor of an operator lets one enter. */
export type ValueControl =
  'none' | 'choices' | 'texts' | 'text' | 'number' | 'numbers' | 'range' | 'date' | 'dates' | 'days';

const OPS: Record<FieldType, FieldOp[]> = {
  choice: ['in', 'not_in', 'is_set', 'is_empty'],
  boolean: ['in', 'not_in', 'is_set', 'is_empty'],
  text: ['in', 'not_in', 'contains', 'starts_with', 'is_set', 'is_empty'],
  number: ['in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'between', 'is_set', 'is_empty'],
  date: ['in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'between', ...RELATIVE_OPS, 'is_set', 'is_empty'],
};

const FIRST_OP: Record<FieldType, FieldOp> = {
  choice: 'in',
  boolean: 'in',
  text: 'in',
  number: 'between',
  date: 'between',
};

export function opsFor(type: FieldType): FieldOp[] {
  return OPS[type];
}

export function controlFor(type: FieldType, op: FieldOp): ValueControl {
  if (valuesWanted(op) === 0) return 'none';
  if (relativeDate(op)) return 'days';
  if (op === 'between') return type === 'date' ? 'dates' : 'range';
  if (op === 'in' || op === 'not_in') {
    if (type === 'choice' || type === 'boolean') return 'choices';
    return type === 'number' ? 'numbers' : type === 'date' ? 'dates' : 'texts';
  }
  if (op === 'contains' || op === 'starts_with') return 'texts';
  return type === 'date' ? 'date' : 'number';
}

/** The filter with another operator; what was entered stays where the new one can use it. */
export function withOp(filter: FieldFilter, type: FieldType, op: FieldOp): FieldFilter {
  const { values = [], ...rest } = filter;
  if (valuesWanted(op) === 0) return { ...rest, op };
  if (relativeDate(op)) return { ...rest, op, values: [daysIn(op, values)] };
  const single = op === 'lt' || op === 'lte' || op === 'gt' || op === 'gte';
  // A number of days is no date.
  const fitting = type === 'date' ? values.filter((value) => typeof value === 'string') : values;
  const kept = single ? fitting.slice(0, 1) : op === 'between' ? fitting.slice(0, 2) : fitting;
  return { ...rest, op, values: opsFor(type).includes(op) ? kept : [] };
}

export function newField(field: Ref, type: FieldType): FieldFilter {
  return { type: 'field', field, op: FIRST_OP[type], values: [] };
}

/** How many values an operator needs before anybody can be counted. */
export function valuesWanted(op: FieldOp): number {
  if (op === 'is_set' || op === 'is_empty' || op === 'today') return 0;
  return op === 'between' ? 2 : 1;
}

/** The question about one of the field's own options. */
export const choiceOf = (filter: FieldFilter, value: string | number | boolean): FieldFilter => ({
  type: 'field',
  field: filter.field,
  op: 'in',
  values: [value],
});
