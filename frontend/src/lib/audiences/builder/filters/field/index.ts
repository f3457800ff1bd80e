import type { Field, FieldFilter, FieldValue } from '$lib/api';
import type { Directory } from '../../state/directory.svelte';
import type { FilterType, MenuEntry } from '../filter-type';
import { needsReference } from '../shape';
import FieldEditor from './FieldEditor.svelte';
import { newField, valuesWanted } from './operators';
import { fieldFact, fieldWords } from './words';

const entryOf = (field: Field): MenuEntry => ({
  section: field.type === 'date' ? 'time' : 'people',
  key: `field-${field.id}`,
  label: field.name,
  make: () => newField(field.key, field.type),
});

const subject = (filter: FieldFilter, directory: Directory): string =>
  directory.field(filter.field)?.name ?? String(filter.field);

export const field: FilterType<FieldFilter> = {
  type: 'field',
  editor: FieldEditor,
  menu: (directory) => directory.fields.map(entryOf),
  subject,
  words: (filter, directory) =>
    fieldWords(subject(filter, directory), filter, directory.field(filter.field)?.type ?? 'text'),
  facts: (filter, actual, directory) => {
    const name = subject(filter, directory);
    return [{ subject: name, value: fieldFact(name, actual as FieldValue) }];
  },
  missing: (filter) => {
    const given = (filter.values ?? []).filter((value) => value !== '');
    return given.length < valuesWanted(filter.op) ? 'values' : null;
  },
  malformed: (value) =>
    needsReference(value, 'field') ??
    (value['values'] === undefined || Array.isArray(value['values']) ? null : 'values'),
};
