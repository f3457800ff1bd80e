import type { FilterPath } from '../core';

/** What is being dragged, which the browser tells only at the end. */
export const dragState = $state<{ path: FilterPath | null; block: number | null }>({
  path: null,
  block: null,
});
