import { isProblem } from '$lib/api/problem';
import { m } from '$lib/paraglide/messages';

/** What went wrong, in words for the person in front of the screen. */
export function problemText(error: unknown): string {
  if (!isProblem(error)) return error instanceof Error ? error.message : m.problem_unknown();
  if (error.status === 0) return m.problem_unreachable();
  if (error.detail) return error.detail;
  const first = error.errors[0];
  if (first) return first.message;
  if (error.status === 403) return m.problem_forbidden();
  if (error.status === 404) return m.problem_not_found();
  if (error.status === 429) return m.problem_too_many();
  if (error.status >= 500) return m.problem_server();
  return error.title || m.problem_unknown();
}
