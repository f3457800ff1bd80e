import { expect, test } from 'vitest';
import type { Field } from '$lib/api';
import { fieldParameters, fieldsOf, filterChips, learnerQuery, NO_FILTER } from './learner-filters';

const FIELDS = [
  { id: 1, key: 'site', name: 'Site', type: 'text', options: [] },
  { id: 2, key: 'remote', name: 'Remote', type: 'boolean', options: [] },
] as unknown as Field[];

test('several fields narrow a list at once, and survive in the address', () => {
  const filter = { ...NO_FILTER, fields: { site: 'Paris & Lyon', remote: 'false', grade: '' } };
  expect(learnerQuery(filter)).toMatchObject({ 'field.site': 'Paris & Lyon', 'field.remote': 'false' });
  expect(learnerQuery(filter)).not.toHaveProperty('field.grade');
  const address = new URLSearchParams({ ...fieldParameters(filter.fields), q: 'ana' });
  expect(fieldsOf(new URLSearchParams(address.toString()))).toEqual({
    site: 'Paris & Lyon',
    remote: 'false',
  });
});

test('a chip takes back its own field alone', () => {
  const left: unknown[] = [];
  const filter = { ...NO_FILTER, fields: { site: 'Paris', remote: 'true' } };
  const chips = filterChips(filter, FIELDS, null, (part) => left.push(part));
  expect(chips.map((one) => one.key)).toEqual(['field.site', 'field.remote']);
  chips[0]!.onremove();
  expect(left).toEqual([{ fields: { remote: 'true' } }]);
});
