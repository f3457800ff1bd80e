import { QueryClient } from '@tanstack/svelte-query';
import { isProblem } from './problem';

const RETRIES = 2;

/** What has been read, shared by all pages. Writes say what they made stale with `invalidateQueries`. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // An answer with a client error will be the same next time.
      retry: (failures, error) =>
        failures < RETRIES && !(isProblem(error) && error.status >= 400 && error.status < 500),
    },
  },
});
