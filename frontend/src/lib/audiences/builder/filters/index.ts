/** Every type of filter that the server knows, in the order of the menu. A type that has no folder here does not compile. */
import type { Filter } from '$lib/api';
import { added } from './added';
import { certificate } from './certificate';
import { field } from './field';
import { registerFilterType, type FilterOf, type FilterType } from './filter-type';
import { group } from './group';
import { language } from './language';
import { manager } from './manager';
import { all, any, at_least, none } from './nested';
import { path_result } from './path_result';
import { person } from './person';
import { segment } from './segment';

const TYPES: { [T in Filter['type']]: FilterType<FilterOf<T>> } = {
  added,
  field,
  language,
  path_result,
  certificate,
  group,
  manager,
  segment,
  person,
  any,
  all,
  none,
  at_least,
};

for (const type of Object.values(TYPES)) registerFilterType(type as FilterType);
