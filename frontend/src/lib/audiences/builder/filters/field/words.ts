import type { FieldFilter, FieldOp, FieldType, FieldValue } from '$lib/api';
import { list } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import { valueWord } from '../words';
import { relativeDate } from './relative-dates';

export function opWord(op: FieldOp, type: FieldType): string {
  const isDate = type === 'date';
  const words: Record<FieldOp, () => string> = {
    in: type === 'text' ? m.builder_op_is_exactly : m.builder_op_in,
    not_in: m.builder_op_not_in,
    is_set: m.builder_op_is_set,
    is_empty: m.builder_op_is_empty,
    lt: isDate ? m.builder_op_before : m.builder_op_lt,
    lte: isDate ? m.builder_op_until : m.builder_op_lte,
    gt: isDate ? m.builder_op_after : m.builder_op_gt,
    gte: isDate ? m.builder_op_from : m.builder_op_gte,
    between: m.builder_op_between,
    contains: m.builder_op_contains,
    starts_with: m.builder_op_starts_with,
    today: m.builder_op_today,
    last_days: m.builder_op_last_days,
    next_days: m.builder_op_next_days,
    in_days: m.builder_op_in_days,
    anniversary_within_days: m.builder_op_anniversary_within_days,
  };
  return words[op]();
}

/** `Location is Paris or Rome`. */
export function fieldWords(name: string, filter: FieldFilter, type: FieldType): string {
  const relative = relativeDate(filter.op);
  if (relative) return relative.words({ name, count: Number(filter.values?.[0] ?? 0) });
  const shown = (filter.values ?? []).map((value) => valueWord(value));
  const values = filter.op === 'between' ? shown.join(' – ') : list(shown, 'disjunction');
  return `${name} ${opWord(filter.op, type)} ${values}`.trim();
}

/** A bare number or yes says nothing without its name. */
export function fieldFact(subject: string, value: FieldValue): string {
  const bare = typeof value === 'number' || typeof value === 'boolean' || value === null || value === '';
  return bare ? m.chip_is({ name: subject, value: valueWord(value) }) : valueWord(value);
}
