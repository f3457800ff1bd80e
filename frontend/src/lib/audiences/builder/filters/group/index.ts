import { list } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { GroupFilter } from '$lib/api';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { membershipWords } from '../words';
import GroupEditor from './GroupEditor.svelte';

export const group: FilterType<GroupFilter> = {
  type: 'group',
  editor: GroupEditor,
  menu: () => [
    {
      section: 'organisation',
      key: 'group',
      label: m.builder_subject_group(),
      hint: m.builder_hint_group(),
      make: () => ({ type: 'group', op: 'in', groups: [], subgroups: true }),
    },
  ],
  subject: () => m.builder_subject_group(),
  words: (filter, directory) =>
    membershipWords(m.builder_subject_group(), filter.op, filter.groups, directory.groupName),
  facts: (_, actual) =>
    Array.isArray(actual) && actual.length
      ? [{ subject: m.builder_subject_group(), value: list(actual.map(String)) }]
      : [],
  missing: (filter) => (filter.groups.length ? null : 'groups'),
  malformed: needsList('groups'),
  withDefaults: (filter) => ({ ...filter, op: filter.op ?? 'in' }),
};
