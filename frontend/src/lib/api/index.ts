export * from './types';
export { ApiProblem, isProblem, isUnreachable, type ProblemError } from './problem';
export {
  answer,
  client,
  idempotencyKey,
  ifMatch,
  newKey,
  toQuery,
  whenUnauthorized,
  type QueryOf,
  type QueryValue,
} from './client';
export { reachability } from './reachability.svelte';
export { LARGEST_PAGE, PagedList, pageSize } from './paged-list.svelte';
