import type { AddedFilter } from '$lib/api';
import { date } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import AddedEditor from './AddedEditor.svelte';
import { addedOpWord, newAdded } from './operators';

export const added: FilterType<AddedFilter> = {
  type: 'added',
  editor: AddedEditor,
  menu: () => [{ section: 'time', key: 'added', label: m.builder_subject_added(), make: newAdded }],
  subject: () => m.builder_subject_added(),
  words: (filter) =>
    filter.op === 'last_days'
      ? m.builder_words_last_days({ count: Number(filter.values[0] ?? 0) })
      : `${m.builder_subject_added()} ${addedOpWord[filter.op]()} ${filter.values.map((day) => date(String(day))).join(' – ')}`,
  facts: (_, actual) => [
    { subject: m.builder_subject_added(), value: m.builder_fact_added({ date: date(String(actual)) }) },
  ],
  missing: (filter) => {
    const given = filter.values.filter((value) => value !== '');
    return given.length < (filter.op === 'between' ? 2 : 1) ? 'values' : null;
  },
  malformed: needsList('values'),
};
