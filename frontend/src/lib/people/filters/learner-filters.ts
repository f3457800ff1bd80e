/** What a list of people is narrowed to: as a query, and as the chips that take it back. */
import type { Field, LearnerStatus, QueryValue } from '$lib/api';
import type { ActiveFilter } from '$lib/design';
import { date } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import { fieldValue, statusName } from '../words';

export interface LearnerFilter {
  status: string;
  group: string;
  subgroups: boolean;
  /** By the key of a field, the value that is asked for; all of them must hold. */
  fields: Readonly<Record<string, string>>;
  added_from: string;
  added_to: string;
}

export const NO_FILTER: LearnerFilter = {
  status: '',
  group: '',
  subgroups: true,
  fields: {},
  added_from: '',
  added_to: '',
};

const FIELD = 'field.';

/** The fields as the API's query and the page's address name them. */
export const fieldParameters = (fields: LearnerFilter['fields']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [FIELD + key, value]),
  );

/** The fields that an address names. */
export const fieldsOf = (parameters: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    [...parameters]
      .filter(([name]) => name.startsWith(FIELD))
      .map(([name, value]) => [name.slice(FIELD.length), value]),
  );

export const learnerQuery = (filter: LearnerFilter): Record<string, QueryValue> => ({
  status: filter.status,
  [filter.subgroups ? 'group_tree' : 'group']: filter.group,
  ...fieldParameters(filter.fields),
  added_from: filter.added_from,
  added_to: filter.added_to,
});

/** `group` is the name of the one that is filtered by; `change` takes a part of the filter back. */
export function filterChips(
  filter: LearnerFilter,
  fields: Field[],
  group: { label: string; color?: string | null } | null,
  change: (part: Partial<LearnerFilter>) => void,
): ActiveFilter[] {
  const chips: ActiveFilter[] = [];
  const add = (
    key: string,
    name: string,
    value: string,
    without: Partial<LearnerFilter>,
    color?: string | null,
  ) => chips.push({ key, label: m.chip_is({ name, value }), color, onremove: () => change(without) });
  if (filter.status)
    add('status', m.filter_status(), statusName(filter.status as LearnerStatus), { status: '' });
  if (filter.group)
    add('group', m.filter_group(), group?.label ?? '…', { group: '', subgroups: true }, group?.color);
  for (const field of fields) {
    const { [field.key]: asked, ...others } = filter.fields;
    if (!asked) continue;
    const value = field.type === 'boolean' ? asked === 'true' : asked;
    add(`field.${field.key}`, field.name, fieldValue(field, value), { fields: others });
  }
  if (filter.added_from) add('from', m.filter_added_from(), date(filter.added_from), { added_from: '' });
  if (filter.added_to) add('to', m.filter_added_to(), date(filter.added_to), { added_to: '' });
  return chips;
}
