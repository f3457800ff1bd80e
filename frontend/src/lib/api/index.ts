export * from './types';
export { ApiProblem, isProblem, isUnreachable, type ProblemError } from './problem';
export { answer, client, newKey, whenUnauthorized, type QueryValue } from './client';
export { PagedList, pageSize } from './paged-list.svelte';
export * as api from './calls';
