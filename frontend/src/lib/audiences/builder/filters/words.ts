/** Words that several types of filter share. */
import type { FieldValue, Ref } from '$lib/api';
import { date, list, number } from '$lib/format';
import { m } from '$lib/paraglide/messages';

export type Membership = 'in' | 'not_in';

export const inWord = (op: Membership) => (op === 'in' ? m.builder_op_in() : m.builder_op_not_in());

/** The operators of a filter that asks whether somebody is among some. */
export const membershipOps = () =>
  (['in', 'not_in'] as const).map((value) => ({ value, label: inWord(value) }));

/** What is named, one or the other; what has no name yet is called by its reference. */
export const namesOf = (refs: Ref[], name: (ref: Ref) => string | undefined): string =>
  list(
    refs.map((ref) => name(ref) ?? String(ref)),
    'disjunction',
  );

/** `Group is any of Sales or Support`. */
export const membershipWords = (
  subject: string,
  op: Membership,
  refs: Ref[],
  name: (ref: Ref) => string | undefined,
): string => `${subject} ${inWord(op)} ${namesOf(refs, name)}`;

/** A value as people write it. */
export function valueWord(value: FieldValue | undefined): string {
  if (value === null || value === undefined || value === '') return m.builder_value_none();
  if (typeof value === 'boolean') return value ? m.builder_yes() : m.builder_no();
  if (typeof value === 'number') return number(value);
  return /^\d{4}-\d\d-\d\d$/.test(value) ? date(value) : value;
}

/** A person's own value of many, such as results by activity: `{"7": "completed"}`. */
export const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];
