import type { LanguageFilter } from '$lib/api';
import { languageName } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { membershipWords } from '../words';
import LanguageEditor from './LanguageEditor.svelte';

export const language: FilterType<LanguageFilter> = {
  type: 'language',
  editor: LanguageEditor,
  menu: () => [
    {
      section: 'people',
      key: 'language',
      label: m.builder_subject_language(),
      make: () => ({ type: 'language', op: 'in', values: [] }),
    },
  ],
  subject: () => m.builder_subject_language(),
  words: (filter) =>
    membershipWords(m.builder_subject_language(), filter.op, filter.values, (code) =>
      languageName(String(code)),
    ),
  facts: (_, actual) => [{ subject: m.builder_subject_language(), value: languageName(String(actual)) }],
  missing: (filter) => (filter.values.length ? null : 'values'),
  malformed: needsList('values'),
  withDefaults: (filter) => ({ ...filter, op: filter.op ?? 'in' }),
};
