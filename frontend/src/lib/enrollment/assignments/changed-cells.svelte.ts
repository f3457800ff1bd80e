/** Which cells of the grid are to become others: what is given, and what is wanted instead. */
import { SvelteMap } from 'svelte/reactivity';
import type { AssignmentGrid, EndedAssignment, Id, NewAssignment } from '$lib/api';

type Cell = AssignmentGrid['cells'][number];

export const cellKey = (group: Id, activity: Id): string => `${group}:${activity}`;

/** By cell, the methods by which the group has the activity; several where it is given in several sessions. */
export function cellsOf(grid: AssignmentGrid): ReadonlyMap<string, Cell[]> {
  // Made anew with each grid, and only read after that.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  const cells = new Map<string, Cell[]>();
  for (const cell of grid.cells) {
    const key = cellKey(cell.group_id, cell.activity_id);
    const there = cells.get(key);
    if (there) there.push(cell);
    else cells.set(key, [cell]);
  }
  return cells;
}

export class ChangedCells {
  /** Only what differs from what is given; with the methods that there were when it was changed. */
  readonly wanted = new SvelteMap<string, { group: Id; activity: Id; given: Cell[] }>();

  get size(): number {
    return this.wanted.size;
  }

  isOn(group: Id, activity: Id, given: readonly Cell[]): boolean {
    return given.length > 0 !== this.wanted.has(cellKey(group, activity));
  }

  set(group: Id, activity: Id, given: Cell[], on: boolean): void {
    const key = cellKey(group, activity);
    if (on === given.length > 0) this.wanted.delete(key);
    else this.wanted.set(key, { group, activity, given });
  }

  clear(): void {
    this.wanted.clear();
  }

  /** The activities that are given to somebody anew. */
  get added(): Id[] {
    const activities = [...this.wanted.values()]
      .filter((one) => !one.given.length)
      .map((one) => one.activity);
    return activities.filter((id, place) => activities.indexOf(id) === place);
  }

  get removes(): boolean {
    return [...this.wanted.values()].some((one) => one.given.length > 0);
  }

  /** As it is asked for; `sessions` are those chosen for activities that have several. */
  request(sessions: ReadonlyMap<Id, Id>, people: 'keep' | 'expire') {
    const add: NewAssignment[] = [];
    const remove: EndedAssignment[] = [];
    for (const { group, activity, given } of this.wanted.values()) {
      if (given.length) remove.push(...given.map((cell) => ({ method_id: cell.method_id, people })));
      else {
        const session = sessions.get(activity);
        add.push({
          group_id: group,
          ...(session === undefined ? { activity_id: activity } : { session_id: session }),
        });
      }
    }
    return { add, remove };
  }
}
