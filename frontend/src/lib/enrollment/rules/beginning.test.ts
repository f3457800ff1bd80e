import { describe, expect, it } from 'vitest';
import { beginningHref, readBeginning, ruleOf, type Beginning } from './beginning';

describe('what a new rule begins with', () => {
  it('is read from the address as it was written', () => {
    const some: Beginning[] = [
      { targets: [] },
      { group: 4, targets: ['activity-9', 'session-3'] },
      { manager: 12, targets: ['session-3'] },
    ];
    for (const beginning of some) {
      const query = new URL(beginningHref(beginning), 'http://muster').searchParams;
      expect(readBeginning(query.get('begin') ?? '')).toEqual(beginning);
    }
  });

  it('leaves out what means nothing', () => {
    expect(readBeginning('group-x.person-4.manager-0.session-7')).toEqual({ targets: ['session-7'] });
  });

  it('names a group, or everybody of a manager', () => {
    expect(ruleOf({ targets: ['session-7'] })).toBeNull();
    expect(ruleOf({ group: 4, targets: [] })?.blocks).toEqual([
      { groups: [4], subgroups: true, filters: [] },
    ]);
    expect(ruleOf({ manager: 12, targets: [] })?.blocks).toEqual([
      {
        groups: [],
        everyone: true,
        filters: [{ type: 'manager', op: 'in', managers: [12], indirect: true }],
      },
    ]);
  });
});
