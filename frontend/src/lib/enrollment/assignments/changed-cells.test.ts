import { describe, expect, it } from 'vitest';
import type { AssignmentGrid } from '$lib/api';
import { cellKey, cellsOf, ChangedCells } from './changed-cells.svelte';

const given = (
  group_id: number,
  activity_id: number,
  method_id: number,
): AssignmentGrid['cells'][number] => ({
  group_id,
  activity_id,
  method_id,
  session_id: activity_id * 10,
  people: 3,
  mandatory: false,
  subgroups: true,
});
const grid: AssignmentGrid = {
  groups: [],
  activities: [],
  cells: [given(1, 1, 7), given(1, 1, 8), given(2, 1, 9)],
  groups_total: 0,
  activities_total: 0,
};

describe('changed cells', () => {
  it('ask for what differs alone, with the session that was chosen', () => {
    const cells = cellsOf(grid);
    const changed = new ChangedCells();
    const at = (group: number, activity: number) => cells.get(cellKey(group, activity)) ?? [];
    changed.set(1, 1, at(1, 1), false);
    changed.set(2, 1, at(2, 1), false);
    changed.set(2, 1, at(2, 1), true);
    changed.set(2, 2, at(2, 2), true);
    changed.set(1, 3, at(1, 3), true);
    expect(changed.size).toBe(3);
    expect(changed.isOn(1, 1, at(1, 1))).toBe(false);
    expect(changed.isOn(2, 1, at(2, 1))).toBe(true);
    expect(changed.added).toEqual([2, 3]);
    expect(changed.request(new Map([[3, 31]]), 'keep')).toEqual({
      add: [
        { group_id: 2, activity_id: 2 },
        { group_id: 1, session_id: 31 },
      ],
      remove: [
        { method_id: 7, people: 'keep' },
        { method_id: 8, people: 'keep' },
      ],
    });
  });
});
