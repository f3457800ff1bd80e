/** Which questions fit which facts, and how a new filter begins. */
import type {
  AddedFilter,
  CertificateStatus,
  FieldFilter,
  FieldOp,
  FieldType,
  Filter,
  Match,
  PathStatus,
  Ref,
} from '$lib/api';
import { isNested } from './path';

/** What the editor of an operator lets one enter. */
export type ValueControl =
  'none' | 'choices' | 'texts' | 'text' | 'number' | 'numbers' | 'range' | 'date' | 'dates';

const OPS: Record<FieldType, FieldOp[]> = {
  choice: ['in', 'not_in', 'is_set', 'is_empty'],
  boolean: ['in', 'not_in', 'is_set', 'is_empty'],
  text: ['in', 'not_in', 'contains', 'starts_with', 'is_set', 'is_empty'],
  number: ['in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'between', 'is_set', 'is_empty'],
  date: ['in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'between', 'is_set', 'is_empty'],
};

const FIRST_OP: Record<FieldType, FieldOp> = {
  choice: 'in',
  boolean: 'in',
  text: 'in',
  number: 'between',
  date: 'between',
};

export const PATH_STATUSES: PathStatus[] = [
  'completed',
  'not_completed',
  'successful',
  'not_successful',
  'started',
  'not_started',
  'enrolled',
  'not_enrolled',
];
export const CERTIFICATE_STATUSES: CertificateStatus[] = ['valid', 'expiring', 'expired', 'not_obtained'];
export const ADDED_OPS: AddedFilter['op'][] = ['last_days', 'after', 'before', 'between'];
export const EXPIRING_DAYS = 30;
export const ADDED_DAYS = 30;

export function opsFor(type: FieldType): FieldOp[] {
  return OPS[type];
}

export function controlFor(type: FieldType, op: FieldOp): ValueControl {
  if (op === 'is_set' || op === 'is_empty') return 'none';
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
  if (op === 'is_set' || op === 'is_empty') return { ...rest, op };
  const single = op === 'lt' || op === 'lte' || op === 'gt' || op === 'gte';
  const kept = single ? values.slice(0, 1) : op === 'between' ? values.slice(0, 2) : values;
  return { ...rest, op, values: opsFor(type).includes(op) ? kept : [] };
}

export function withAddedOp(filter: AddedFilter, op: AddedFilter['op']): AddedFilter {
  if (op === 'last_days') return { type: 'added', op, values: [ADDED_DAYS] };
  const days = filter.values.filter((value) => typeof value === 'string');
  return { type: 'added', op, values: op === 'between' ? days.slice(0, 2) : days.slice(0, 1) };
}

export function newField(field: Ref, type: FieldType): FieldFilter {
  return { type: 'field', field, op: FIRST_OP[type], values: [] };
}

export type Kind = Exclude<Filter['type'], 'field'>;

export function newFilter(kind: Kind): Filter {
  switch (kind) {
    case 'group':
      return { type: 'group', op: 'in', groups: [], subgroups: true };
    case 'path_result':
      return { type: 'path_result', status: 'completed', paths: [], match: 'any' };
    case 'certificate':
      return { type: 'certificate', status: 'valid', certificates: [], match: 'any' };
    case 'language':
      return { type: 'language', op: 'in', values: [] };
    case 'added':
      return { type: 'added', op: 'last_days', values: [ADDED_DAYS] };
    case 'manager':
      return { type: 'manager', op: 'in', managers: [], indirect: false };
    case 'segment':
      return { type: 'segment', op: 'in', segments: [] };
    case 'all':
    case 'any':
    case 'none':
      return { type: kind, of: [] };
  }
}

export function withCertificateStatus(
  filter: Extract<Filter, { type: 'certificate' }>,
  status: CertificateStatus,
): Filter {
  const { days: _, ...rest } = filter;
  return status === 'expiring'
    ? { ...rest, status, days: filter.days ?? EXPIRING_DAYS }
    : { ...rest, status };
}

/** The field or list of a filter that still wants a value; `null` when it can be counted. */
export function missingIn(
  filter: Filter,
): 'values' | 'groups' | 'paths' | 'certificates' | 'managers' | 'segments' | 'of' | null {
  switch (filter.type) {
    case 'field': {
      if (filter.op === 'is_set' || filter.op === 'is_empty') return null;
      const given = (filter.values ?? []).filter((value) => value !== '');
      return given.length < (filter.op === 'between' ? 2 : 1) ? 'values' : null;
    }
    case 'added': {
      const given = filter.values.filter((value) => value !== '');
      return given.length < (filter.op === 'between' ? 2 : 1) ? 'values' : null;
    }
    case 'language':
      return filter.values.length ? null : 'values';
    case 'group':
      return filter.groups.length ? null : 'groups';
    case 'path_result':
      return filter.paths.length ? null : 'paths';
    case 'certificate':
      return filter.certificates.length ? null : 'certificates';
    case 'manager':
      return filter.managers.length ? null : 'managers';
    case 'segment':
      return filter.segments.length ? null : 'segments';
    default:
      return isNested(filter) && filter.of.length === 0 ? 'of' : null;
  }
}

/** "Any" and "all" differ only where a filter names several. */
export function asksMatch(filter: Filter): filter is Filter & { match?: Match } {
  if (filter.type === 'path_result') return filter.paths.length > 1;
  return filter.type === 'certificate' && filter.certificates.length > 1;
}
