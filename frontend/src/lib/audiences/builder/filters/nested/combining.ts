/** How conditions combine, and how one way is exchanged for another. */
import type { Filter, NestedFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export const nestedWord: Record<NestedFilter['type'], () => string> = {
  any: m.builder_nested_any,
  all: m.builder_nested_all,
  none: m.builder_nested_none,
  at_least: m.builder_nested_at_least,
};

/** "At least one of these" is said more simply. */
const LEAST = 2;

/** The conditions, combined in this way; a number that one has been given stays. */
export function combined(type: NestedFilter['type'], of: Filter[], count = LEAST): NestedFilter {
  return type === 'at_least' ? { type, count, of } : { type, of };
}
