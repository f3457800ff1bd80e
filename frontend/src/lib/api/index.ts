export * from './types';
export { ApiProblem, isProblem, isUnreachable, type ProblemError } from './problem';
export { del, get, patch, post, queryString, request, whenUnauthorized, type QueryValue } from './request';
export { PagedList } from './paged-list.svelte';
export * as api from './calls';
