import {
  isProblem,
  type Applied,
  type ApplyRequest,
  type Id,
  type LiveStates,
  type Method,
  type Plan,
  type Run,
} from '$lib/api';
import * as enrollmentCalls from '../calls';
import { live } from '$lib/live';

/** A run that is over, one way or another. */
export function isOver(run: Pick<Run, 'state'>): boolean {
  return run.state !== 'applying';
}

export type Outcome =
  | { kind: 'applied'; applied: Applied }
  | { kind: 'changed'; plan: Plan }
  | { kind: 'conflict'; theirs: Method };

/**
 * Confirms a plan made for `version` of the method. The people having changed gives the new plan; the method itself having been changed by someone else
 * gives theirs, to choose from. Any other problem is thrown.
 */
export async function confirm(session_id: Id, body: ApplyRequest, version: number | null): Promise<Outcome> {
  const conflict = await changedSince(session_id, body.method_id, version);
  if (conflict) return conflict;
  try {
    return { kind: 'applied', applied: await enrollmentCalls.apply(session_id, body) };
  } catch (error) {
    if (!isProblem(error) || error.status !== 409) throw error;
    const meanwhile = await changedSince(session_id, body.method_id, version);
    if (meanwhile) return meanwhile;
    const plan = (error.body as { plan?: Plan }).plan;
    if (plan) return { kind: 'changed', plan };
    throw error;
  }
}

/** A plan is always of the newest version, so that it alone would save over what someone else just did. */
async function changedSince(
  session_id: Id,
  method_id: Id | null | undefined,
  version: number | null,
): Promise<Outcome | null> {
  if (!method_id || version === null) return null;
  const theirs = await methodOf(session_id, method_id);
  return theirs && theirs.version !== version ? { kind: 'conflict', theirs } : null;
}

export async function methodOf(session_id: Id, id: Id, signal?: AbortSignal): Promise<Method | undefined> {
  return (await enrollmentCalls.methods(session_id, signal)).items.find((method) => method.id === id);
}

/** Resolves when a run is over; `progress` is told how far it is. */
export function followRun(
  id: Id,
  progress: (run: LiveStates['run']) => void = () => {},
): Promise<LiveStates['run']> {
  return new Promise((resolve) => {
    const stop = live.watch(`run:${id}`, {
      state: (run) => {
        progress(run);
        if (!isOver(run)) return;
        stop();
        resolve(run);
      },
    });
  });
}
