import { isProblem } from '$lib/api/problem';

/** The message of `problem` for the value at one of `paths`, to stand beside its control. */
export function errorAt(problem: unknown, ...paths: string[]): string | undefined {
  if (!isProblem(problem)) return undefined;
  for (const path of paths) {
    const message = problem.at(path);
    if (message) return message;
  }
  return undefined;
}

/** Whether something of `problem` has no control of its own and must be said at the form's foot. */
export function hasRest(problem: unknown, paths: string[]): boolean {
  if (!problem) return false;
  if (!isProblem(problem) || problem.errors.length === 0) return true;
  return problem.errors.some(
    (error) =>
      !paths.some(
        (path) =>
          error.path === path || error.path.startsWith(`${path}.`) || error.path.startsWith(`${path}[`),
      ),
  );
}
