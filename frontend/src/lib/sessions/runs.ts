import { api, type Id } from '$lib/api';
import { me } from '$lib/me/me.svelte';

const MOST_UNDONE = 1000;

/** The latest run of a session: what comes after it was begun after now. */
export async function latestRun(session_id: Id): Promise<number> {
  return (await api.runs({ session_id, limit: 1 })).items[0]?.id ?? 0;
}

/** Takes back what acts of the reader did in the session since the run `last`, the latest first. */
export async function takeBackSince(session_id: Id, last: number): Promise<void> {
  const found = await api.runs({ session_id, limit: MOST_UNDONE });
  const mine = found.items.filter(
    (run) => run.id > last && run.cause === 'act' && run.actor?.id === me.current?.learner.id && run.can_undo,
  );
  for (const run of mine) await api.undoRun(run.id);
}
