import { expect, it } from 'vitest';
import type { Learner } from '$lib/api';
import { changesOf } from './learner-changes';

const ana = {
  id: 1,
  first_name: 'Ana',
  status: 'active',
  manager_id: null,
  fields: { city: 'Paris', level: 3 },
} as unknown as Learner;

it('names only what is changed, fields one by one', () => {
  expect(
    changesOf(ana, { first_name: 'Ana', status: 'suspended', fields: { city: 'Lyon', level: 3 } }),
  ).toEqual({
    status: 'suspended',
    fields: { city: 'Lyon' },
  });
});

it('names a field that is cleared, and not one that was empty before', () => {
  expect(changesOf(ana, { manager_id: null, fields: { city: null, grade: null } })).toEqual({
    fields: { city: null },
  });
});
