import type { PersonFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { membershipWords } from '../words';
import PersonEditor from './PersonEditor.svelte';

export const person: FilterType<PersonFilter> = {
  type: 'person',
  editor: PersonEditor,
  menu: () => [
    {
      section: 'people',
      key: 'person',
      label: m.builder_subject_person(),
      hint: m.builder_hint_person(),
      make: () => ({ type: 'person', op: 'in', learners: [] }),
    },
  ],
  subject: () => m.builder_subject_person(),
  words: (filter, directory) =>
    membershipWords(m.builder_subject_person(), filter.op ?? 'in', filter.learners, (id) =>
      directory.personName(Number(id)),
    ),
  facts: () => [],
  missing: (filter) => (filter.learners.length ? null : 'learners'),
  malformed: needsList('learners'),
  withDefaults: (filter) => ({ ...filter, op: filter.op ?? 'in' }),
};
