import type { Field, FieldValue, GroupKind, LearnerStatus, MemberRole } from '$lib/api';
import { date, number } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { Tone } from '$lib/enrollment/words';

export const STATUSES: LearnerStatus[] = ['pending', 'invited', 'active', 'suspended', 'deactivated'];
export const GROUP_KINDS: GroupKind[] = [
  'group',
  'company',
  'department',
  'team',
  'function',
  'qualification',
];
export const MEMBER_ROLES: MemberRole[] = ['member', 'coach', 'admin'];

export function statusName(status: LearnerStatus): string {
  return {
    pending: m.status_pending,
    invited: m.status_invited,
    active: m.status_active,
    suspended: m.status_suspended,
    deactivated: m.status_deactivated,
  }[status]();
}

export function statusTone(status: LearnerStatus): Tone {
  return (
    {
      pending: 'blocked',
      invited: 'accent',
      active: 'enter',
      suspended: 'leave',
      deactivated: 'plain',
    } as const
  )[status];
}

export function groupKind(kind: GroupKind): string {
  return {
    group: m.group_kind_group,
    company: m.group_kind_company,
    department: m.group_kind_department,
    team: m.group_kind_team,
    function: m.group_kind_function,
    qualification: m.group_kind_qualification,
  }[kind]();
}

/** Many of a kind, as a tab is called. */
export function groupKinds(kind: GroupKind): string {
  return {
    group: m.groups,
    company: m.kinds_companies,
    department: m.kinds_departments,
    team: m.kinds_teams,
    function: m.kinds_functions,
    qualification: m.kinds_qualifications,
  }[kind]();
}

export function memberRole(role: MemberRole): string {
  return { member: m.member_role_member, coach: m.member_role_coach, admin: m.member_role_admin }[role]();
}

export function fieldValue(field: Field, value: FieldValue | undefined): string {
  if (value === null || value === undefined || value === '') return m.not_set();
  if (field.type === 'boolean') return value ? m.yes() : m.no();
  if (field.type === 'number') return number(Number(value));
  if (field.type === 'date') return date(String(value));
  return String(value);
}
