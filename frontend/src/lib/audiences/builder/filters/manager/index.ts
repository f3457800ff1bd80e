import type { ManagerFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { membershipWords } from '../words';
import ManagerEditor from './ManagerEditor.svelte';

export const manager: FilterType<ManagerFilter> = {
  type: 'manager',
  editor: ManagerEditor,
  menu: () => [
    {
      section: 'organisation',
      key: 'manager',
      label: m.builder_subject_manager(),
      make: () => ({ type: 'manager', op: 'in', managers: [], indirect: false }),
    },
    {
      section: 'organisation',
      key: 'is_manager',
      label: m.builder_is_manager(),
      hint: m.builder_hint_is_manager(),
      make: () => ({ type: 'manager', op: 'is_manager', managers: [], indirect: false }),
    },
  ],
  subject: () => m.builder_subject_manager(),
  words: (filter, directory) =>
    filter.op === 'is_manager'
      ? m.builder_is_manager()
      : membershipWords(m.builder_subject_manager(), filter.op ?? 'in', filter.managers ?? [], (id) =>
          directory.personName(Number(id)),
        ),
  facts: (filter, actual, directory) => {
    if (filter.op === 'is_manager') return [];
    const value = directory.personName(Number(actual));
    return value ? [{ subject: m.builder_subject_manager(), value }] : [];
  },
  missing: (filter) => (filter.op === 'is_manager' || filter.managers?.length ? null : 'managers'),
  malformed: (value) => (value['op'] === 'is_manager' ? null : needsList('managers')(value)),
  withDefaults: (filter) => ({ ...filter, op: filter.op ?? 'in', managers: filter.managers ?? [] }),
};
