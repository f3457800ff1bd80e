import type { NestedFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { FilterOf, FilterType } from '../filter-type';
import { combined, nestedWord } from './combining';
import NestedEditor from './NestedEditor.svelte';

/** One editor serves all of them, and exchanges one for another. */
function nested<T extends NestedFilter['type']>(type: T): FilterType<FilterOf<T>> {
  const word = nestedWord[type];
  const found: FilterType<NestedFilter> = {
    type,
    editor: NestedEditor,
    menu: () => [{ section: 'combine', key: type, label: word(), make: () => combined(type, []) }],
    subject: word,
    words: (filter) =>
      filter.type === 'at_least' ? m.builder_nested_at_least_count({ count: filter.count }) : word(),
    facts: () => [],
    missing: (filter) => (filter.of.length >= (filter.type === 'at_least' ? filter.count : 1) ? null : 'of'),
    malformed: (value) =>
      !Array.isArray(value['of'])
        ? 'of'
        : type === 'at_least' && !(Number.isInteger(value['count']) && Number(value['count']) > 0)
          ? 'count'
          : null,
  };
  return found as unknown as FilterType<FilterOf<T>>;
}

export const all = nested('all');
export const any = nested('any');
export const none = nested('none');
export const at_least = nested('at_least');
