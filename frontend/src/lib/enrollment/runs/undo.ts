import type { Id, Undone } from '$lib/api';
import * as enrollmentCalls from '../calls';
import { followRun, isOver } from '../plans/confirm-plan';

/** Takes a run back, and waits until it is. */
export async function undoAndFollow(run: Id): Promise<Undone> {
  const undone = await enrollmentCalls.undoRun(run);
  if (!isOver(undone)) await followRun(undone.id);
  return undone;
}

/** Takes back what one act did, the latest run first. Both runs of a move go back with either of them. */
export async function undoRuns(run_ids: Id[]): Promise<void> {
  for (const id of [...run_ids].reverse()) {
    const run = await enrollmentCalls.run(id);
    if (run.state === 'applied') await undoAndFollow(id);
  }
}
