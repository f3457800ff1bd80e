import type { PathResultFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { entriesOf, namesOf } from '../words';
import PathResultEditor from './PathResultEditor.svelte';
import { newPathResult, pathStatusWord, resultWord } from './statuses';

export const path_result: FilterType<PathResultFilter> = {
  type: 'path_result',
  editor: PathResultEditor,
  menu: () => [
    {
      section: 'results',
      key: 'path',
      label: m.builder_subject_path(),
      hint: m.builder_hint_path(),
      make: newPathResult,
    },
  ],
  subject: () => m.builder_subject_path(),
  words: (filter, directory) =>
    m.builder_words_path({
      status: pathStatusWord[filter.status](),
      names: namesOf(filter.paths, (ref) => directory.activity(ref)?.title),
    }),
  facts: (_, actual, directory) =>
    entriesOf(actual).map(([id, status]) => {
      const title = directory.activity(Number(id))?.title;
      return {
        subject: title ?? m.builder_subject_path(),
        value: `${title ?? ''} ${resultWord(status)}`.trim(),
      };
    }),
  missing: (filter) => (filter.paths.length ? null : 'paths'),
  malformed: needsList('paths'),
};
