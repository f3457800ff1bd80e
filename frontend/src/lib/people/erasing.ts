import { isProblem, type EraseFigures } from '$lib/api';

/** What the server says would be erased, where it asks to have it confirmed by its figures. */
export function figuresIn(error: unknown): EraseFigures | null {
  if (!isProblem(error) || error.status !== 409) return null;
  return (error.body as { erase?: EraseFigures }).erase ?? null;
}
