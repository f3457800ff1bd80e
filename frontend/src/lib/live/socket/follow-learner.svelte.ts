import type { Id } from '$lib/api';
import { queries } from '$lib/api/queries';
import { live } from '$lib/live';

/** Several parts of a page follow one person, whose changes come in bursts: a move between groups is several facts. */
const GATHERED_MS = 100;

const due: Record<Id, ReturnType<typeof setTimeout>> = {};

/** Asks again what is shown of somebody when something of theirs changes; while a component initialises. */
export function followLearner(id: () => Id): void {
  $effect(() => {
    const learner = id();
    let seen = false;
    return live.watch(`learner:${learner}`, {
      state: () => {
        // The first comes while the page is being read; a later one after a connection that was lost.
        if (seen) lookAgain(learner);
        seen = true;
      },
      event: () => lookAgain(learner),
    });
  });
}

function lookAgain(learner: Id): void {
  clearTimeout(due[learner]);
  due[learner] = setTimeout(() => {
    delete due[learner];
    void queries.invalidateQueries({ queryKey: ['learner', learner] });
  }, GATHERED_MS);
}
