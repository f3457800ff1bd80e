import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte';
import { matching } from './options';

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
});

it('does not drag over rows that move under a pointer at rest', () => {
  const selection = new Selection();
  selection.startDrag(100, 0, 200);
  selection.dragOver(99, 200);
  expect(chosen(selection)).toEqual([100]);
});

describe('options', () => {
  it('match every typed word, whatever the case and the accents', () => {
    const options = [
      { value: '1', label: 'Équipe Nord', hint: 'Lille' },
      { value: '2', label: 'Équipe Sud' },
    ];
    expect(matching(options, 'equipe lille').map((one) => one.value)).toEqual(['1']);
    expect(matching(options, '  ')).toHaveLength(2);
    expect(matching(options, 'ouest')).toEqual([]);
  });
});
