import type { Enrollment, Id, Placed } from '$lib/api';
import { addToCourseGroup, moveBetweenCourseGroups, removeFromCourseGroup } from './calls';

/**
 * The calls that put people into a class: who is in another one moves from there, all others are added. `from` is the class whose
 * people are shown; whoever a method keeps in it is refused by the server, which says why.
 */
export function placings(people: Enrollment[], to: Id, from: Id | null): Map<Id | null, Id[]> {
  const found = new Map<Id | null, Id[]>();
  for (const one of people) {
    const inTarget = one.course_groups.some((group) => group.id === to);
    const shown = one.course_groups.find((group) => group.id === from);
    const byHand = one.course_groups.find((group) => !group.synced && group.id !== to);
    if (inTarget && !shown && !byHand) continue;
    const source = (shown ?? byHand)?.id ?? null;
    if (source === to) continue;
    found.set(source, [...(found.get(source) ?? []), one.learner.id]);
  }
  return found;
}

/** Puts people into a class; the runs, and how many it moved. */
export async function place(sessionId: Id, people: Enrollment[], to: Id, from: Id | null) {
  const done: Placed[] = [];
  for (const [source, learners] of placings(people, to, from))
    done.push(
      source === null
        ? await addToCourseGroup(sessionId, to, learners)
        : await moveBetweenCourseGroups(sessionId, source, learners, to),
    );
  return summed(done);
}

/** By the class that they were put into by hand, who is taken out of it; whoever is in none stays where they are. */
export function leaving(people: Enrollment[]): Map<Id, Id[]> {
  const found = new Map<Id, Id[]>();
  for (const one of people) {
    const source = one.course_groups.find((group) => !group.synced)?.id;
    if (source !== undefined) found.set(source, [...(found.get(source) ?? []), one.learner.id]);
  }
  return found;
}

/** Takes people out of the classes that they were put into by hand. */
export async function takeOut(sessionId: Id, people: Enrollment[]) {
  const done: Placed[] = [];
  for (const [source, learners] of leaving(people))
    done.push(await removeFromCourseGroup(sessionId, source, learners));
  return summed(done);
}

const summed = (done: Placed[]) => ({
  runs: done.flatMap((one) => (one.run_id === null ? [] : [one.run_id])),
  people: done.reduce((sum, one) => sum + one.done, 0),
});
