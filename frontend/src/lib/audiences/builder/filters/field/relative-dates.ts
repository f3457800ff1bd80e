/** Questions about dates that are told from today, by a number of days. */
import type { FieldOp } from '$lib/api';
import { m } from '$lib/paraglide/messages';

const DEFAULT_DAYS = 30;
const LONGEST_DAYS = 36_500;
/** Every anniversary is within this many days. */
const LONGEST_TO_ANNIVERSARY = 366;

interface RelativeDate {
  /** As the server has them. */
  least: number;
  most: number;
  words: (inputs: { name: string; count: number }) => string;
}

const RELATIVE: Partial<Record<FieldOp, RelativeDate>> = {
  last_days: { least: 1, most: LONGEST_DAYS, words: m.builder_words_last_days_of },
  next_days: { least: 1, most: LONGEST_DAYS, words: m.builder_words_next_days_of },
  in_days: { least: 0, most: LONGEST_DAYS, words: m.builder_words_in_days_of },
  anniversary_within_days: {
    least: 0,
    most: LONGEST_TO_ANNIVERSARY,
    words: m.builder_words_anniversary_within_days_of,
  },
};

/** `undefined` for an operator that takes no number of days. */
export const relativeDate = (op: FieldOp): RelativeDate | undefined => RELATIVE[op];

export const RELATIVE_OPS: FieldOp[] = [
  'today',
  'last_days',
  'next_days',
  'in_days',
  'anniversary_within_days',
];

/** The days that were entered, or those one begins with. */
export function daysIn(op: FieldOp, values: readonly unknown[]): number {
  const given = values.find((value) => typeof value === 'number');
  return typeof given === 'number' ? Math.min(given, relativeDate(op)?.most ?? given) : DEFAULT_DAYS;
}
