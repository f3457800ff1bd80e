import { describe, expect, it } from 'vitest';
import { makingOf, presetsFor } from './making';
import type { Kind } from './method-kind';

const ALL: Kind[] = ['audience', 'manual', 'group', 'segment', 'segment_group', 'self', 'chain', 'subpath'];

describe('the kinds that are offered', () => {
  it('are those of the side that the reader may make there', () => {
    const offered = (...given: Parameters<typeof presetsFor>) => presetsFor(...given).map(({ kind }) => kind);
    expect(offered('session', ALL)).toEqual([
      'audience',
      'manual',
      'group',
      'segment',
      'segment_group',
      'self',
      'chain',
    ]);
    expect(offered('session', ['group', 'chain'])).toEqual(['group', 'chain']);
    expect(offered('person', ALL)).toEqual(['manual']);
    expect(offered('group', ALL)).toEqual(['group']);
  });
});

describe('a form', () => {
  const target = (kind: Kind, from = {}) => {
    const form = makingOf(kind)!.form!;
    return form.target(form.begin(null, from));
  };

  it('is about nobody until its target is chosen', () => {
    expect(target('group')).toBeNull();
    expect(target('segment')).toBeNull();
    expect(target('segment_group')).toBeNull();
    expect(target('chain')).toBeNull();
    expect(target('manual')).toBeNull();
    // That everybody may come is said, never left open.
    expect(target('self')).toBeNull();
  });

  it('begins with what is known where it is opened', () => {
    expect(target('group', { group: 7 })).toEqual({ group_id: 7, subgroups: true });
    expect(target('subpath', { parent: 4 })).toEqual({ parent_session_id: 4 });
    expect(target('manual', { people: [3, 4] })).toMatchObject({ rule: { include: [3, 4] } });
  });
});
