import { isProblem, type EraseFigures, type Id } from '$lib/api';
import * as enrollmentCalls from '../calls';

/** What the server says would be erased, where it asks to have it confirmed by its figures. */
export function figuresIn(error: unknown): EraseFigures | null {
  if (!isProblem(error) || error.status !== 409) return null;
  return (error.body as { erase?: EraseFigures }).erase ?? null;
}

/** What erasing takes of whom only this method holds: it is told by refusing to do it unasked. */
export async function figuresOfRemoval(
  session_id: Id,
  method_id: Id,
  certificates: boolean,
): Promise<EraseFigures | null> {
  try {
    await enrollmentCalls.deleteMethod(session_id, method_id, { people: 'erase', certificates });
    return null;
  } catch (error) {
    return figuresIn(error);
  }
}
