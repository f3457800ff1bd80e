import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte';

const idAt = (index: number) => (index < 8 ? index + 100 : undefined);
const chosen = (selection: Selection) => [...selection.ids].sort((a, b) => a - b);

describe('a selection', () => {
  it('chooses a range from where one last was, in both directions', () => {
    const selection = new Selection();
    selection.toggle(103, 3);
    selection.range(5, idAt);
    expect(chosen(selection)).toEqual([103, 104, 105]);
    selection.range(1, idAt);
    expect(chosen(selection)).toEqual([101, 102, 103, 104, 105]);
  });

  it('leaves out rows that have not been read', () => {
    const selection = new Selection();
    selection.toggle(106, 6);
    selection.range(12, idAt);
    expect(chosen(selection)).toEqual([106, 107]);
  });

  it('drops what a drag that began on a chosen row passes over', () => {
    const selection = new Selection();
    selection.all([100, 101, 102]);
    selection.startDrag(100, 0, 200);
    selection.dragOver(101, 236);
    selection.endDrag();
    selection.dragOver(102, 272);
    expect(chosen(selection)).toEqual([102]);
  });

  it('does not drag over rows that move under a pointer at rest', () => {
    const selection = new Selection();
    selection.startDrag(100, 0, 200);
    selection.dragOver(99, 200);
    expect(chosen(selection)).toEqual([100]);
  });

  it('never chooses what it does not allow, one by one, in a range, by dragging or all at once', () => {
    const odd = new Selection((id) => id % 2 === 1);
    odd.toggle(2, 0);
    odd.range(4, (index) => index);
    odd.startDrag(6, 6, 0);
    odd.dragOver(8, 100);
    odd.endDrag();
    odd.all([9, 10]);
    expect([...odd.ids]).toEqual([1, 3, 9]);
  });
});
