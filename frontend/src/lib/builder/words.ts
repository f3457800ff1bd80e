/** The builder's words for what a rule is made of. */
import type {
  AddedFilter,
  Applied,
  CertificateStatus,
  FieldFilter,
  FieldOp,
  FieldType,
  FieldValue,
  Filter,
  PathStatus,
} from '$lib/api';
import { date, list, number } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { Directory } from './state/directory.svelte';
import type { Tab } from './state/questions';

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
  };
  return words[op]();
}

export const pathStatusWord: Record<PathStatus, () => string> = {
  completed: m.builder_path_completed,
  not_completed: m.builder_path_not_completed,
  successful: m.builder_path_successful,
  not_successful: m.builder_path_not_successful,
  started: m.builder_path_started,
  not_started: m.builder_path_not_started,
  enrolled: m.builder_path_enrolled,
  not_enrolled: m.builder_path_not_enrolled,
};

export const certificateStatusWord: Record<CertificateStatus, () => string> = {
  valid: m.builder_certificate_valid,
  expiring: m.builder_certificate_expiring,
  expired: m.builder_certificate_expired,
  not_obtained: m.builder_certificate_not_obtained,
};

export const addedOpWord: Record<AddedFilter['op'], () => string> = {
  last_days: m.builder_added_last_days,
  after: m.builder_op_after,
  before: m.builder_op_before,
  between: m.builder_op_between,
};

export const nestedWord: Record<'all' | 'any' | 'none', () => string> = {
  all: m.builder_nested_all,
  any: m.builder_nested_any,
  none: m.builder_nested_none,
};

export const tabWord: Record<Tab, () => string> = {
  matching: m.builder_tab_matching,
  entering: m.builder_tab_entering,
  leaving: m.builder_tab_leaving,
  gaining: m.builder_tab_gaining,
  losing: m.builder_tab_losing,
  completed_stay: m.builder_tab_completed_stay,
  blocked: m.builder_tab_blocked,
  nearly: m.builder_tab_nearly,
  excluded: m.builder_tab_excluded,
};

/** How soon `expiring` means where a filter does not say. */
const EXPIRING_DAYS = 30;

/** What a filter asks about. */
export function subjectOf(filter: Filter, directory: Directory): string {
  switch (filter.type) {
    case 'field':
      return directory.field(filter.field)?.name ?? String(filter.field);
    case 'group':
      return m.builder_subject_group();
    case 'path_result':
      return m.builder_subject_path();
    case 'certificate':
      return m.builder_subject_certificate();
    case 'language':
      return m.builder_subject_language();
    case 'added':
      return m.builder_subject_added();
    case 'manager':
      return m.builder_subject_manager();
    case 'segment':
      return m.builder_subject_segment();
    default:
      return nestedWord[filter.type]();
  }
}

/** A filter in a few words, for its label and the tree of reasons. */
export function filterWords(filter: Filter, directory: Directory): string {
  const subject = subjectOf(filter, directory);
  const names = (values: (string | undefined)[], refs: unknown[]) =>
    list(
      refs.map((ref, at) => values[at] ?? String(ref)),
      'disjunction',
    );
  const values = directory.namesIn(filter);
  switch (filter.type) {
    case 'field':
      return `${subject} ${fieldWords(filter, directory)}`;
    case 'group':
      return `${subject} ${inWord(filter.op)} ${names(values, filter.groups)}`;
    case 'path_result':
      return m.builder_words_path({
        status: pathStatusWord[filter.status](),
        names: names(values, filter.paths),
      });
    case 'certificate':
      return m.builder_words_certificate({
        names: names(values, filter.certificates),
        status:
          filter.status === 'expiring'
            ? m.builder_certificate_expiring_days({ days: number(filter.days ?? EXPIRING_DAYS) })
            : certificateStatusWord[filter.status](),
      });
    case 'language':
      return `${subject} ${inWord(filter.op)} ${names(values, filter.values)}`;
    case 'added':
      return filter.op === 'last_days'
        ? m.builder_words_last_days({ count: Number(filter.values[0] ?? 0) })
        : `${subject} ${addedOpWord[filter.op]()} ${filter.values.map((day) => date(String(day))).join(' – ')}`;
    case 'manager':
      return `${subject} ${inWord(filter.op)} ${names(values, filter.managers)}`;
    case 'segment':
      return `${subject} ${inWord(filter.op)} ${names(values, filter.segments)}`;
    default:
      return subject;
  }
}

export const inWord = (op: 'in' | 'not_in') => (op === 'in' ? m.builder_op_in() : m.builder_op_not_in());

function fieldWords(filter: FieldFilter, directory: Directory): string {
  const type = directory.field(filter.field)?.type ?? 'text';
  const shown = (filter.values ?? []).map((value) => valueWord(value));
  const values = filter.op === 'between' ? shown.join(' – ') : list(shown, 'disjunction');
  return `${opWord(filter.op, type)} ${values}`.trim();
}

/** A value as people write it. */
export function valueWord(value: FieldValue | undefined): string {
  if (value === null || value === undefined || value === '') return m.builder_value_none();
  if (typeof value === 'boolean') return value ? m.builder_yes() : m.builder_no();
  if (typeof value === 'number') return number(value);
  return /^\d{4}-\d\d-\d\d$/.test(value) ? date(value) : value;
}

/** What a confirmed plan has done; what it did not do is not counted out. */
export function savedWords(
  done: Pick<Applied, 'entered' | 'left' | 'gaining' | 'losing' | 'completed_stay' | 'blocked'>,
): string {
  const said: [number | undefined, (inputs: { count: number }) => string][] = [
    [done.entered, m.builder_saved_entered],
    [done.gaining, m.builder_saved_gaining],
    [done.left, m.builder_saved_left],
    [done.losing, m.builder_saved_losing],
    [done.completed_stay, m.builder_saved_completed_stay],
    [done.blocked, m.builder_saved_blocked],
  ];
  const changes = said.flatMap(([count, words]) => (count ? [words({ count })] : []));
  return changes.length ? m.builder_saved({ changes: changes.join(', ') }) : m.builder_saved_nobody();
}
