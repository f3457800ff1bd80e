export * from './types';
export { ApiProblem, isProblem, isUnreachable, type ProblemError } from './problem';
export { answer, client, newKey, whenUnauthorized, type QueryValue } from './client';
export { reach } from './reach.svelte';
export { PagedList, pageSize } from './paged-list.svelte';
export * as api from './calls';
