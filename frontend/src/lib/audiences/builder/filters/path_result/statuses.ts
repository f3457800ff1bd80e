import type { PathResultFilter, PathStatus } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export const PATH_STATUSES: PathStatus[] = [
  'completed',
  'not_completed',
  'successful',
  'not_successful',
  'started',
  'not_started',
  'enrolled',
  'not_enrolled',
];

export const pathStatusWord: Record<PathStatus, () => string> = {
  completed: m.builder_path_completed,
  not_completed: m.builder_path_not_completed,
  successful: m.builder_path_successful,
  not_successful: m.builder_path_not_successful,
  started: m.builder_path_started,
  not_started: m.builder_path_not_started,
  enrolled: m.builder_path_enrolled,
  not_enrolled: m.builder_path_not_enrolled,
};

export const newPathResult = (): PathResultFilter => ({
  type: 'path_result',
  status: 'completed',
  paths: [],
  match: 'any',
});

/** Somebody's own result. */
export function resultWord(status: unknown): string {
  const words: Record<string, () => string> = {
    started: m.builder_path_started,
    completed: m.builder_path_completed,
    successful: m.builder_path_successful,
    failed: m.builder_path_failed,
  };
  return (words[String(status)] ?? m.builder_path_not_started)();
}
