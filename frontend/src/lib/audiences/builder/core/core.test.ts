import { beforeEach, describe, expect, it } from 'vitest';
import type { Block, Filter, Preview, Rule } from '$lib/api';
import { choiceRule } from './choice-counts';
import { countsByLine, peopleCost } from './line-counts';
import { addDays, dayIn, daysBetween, isDay } from '$lib/format/days';
import { draftKey, removeDraft, storeDraft, STORED_FOR_MS, storedDraft, type StoredDraft } from './draft';
import { replaceFilter } from './edit';
import '../filters';
import { newAdded, withAddedOp } from '../filters/added/operators';
import { choiceOf, controlFor, newField, opsFor, withOp } from '../filters/field/operators';
import { missingIn } from '../filters/filter-type';
import { newPathResult } from '../filters/path_result/statuses';
import { finishedPart, missingValues } from './missing-values';
import { keyOf } from './identity';
import { startHistory, withEdit, LONGEST_HISTORY, withRedo, SAME_EDIT_MS, withUndo } from './history';
import { fromText, toText } from './json';
import { ruleToSave } from './policy';
import { parsePath, textOf } from './path';
import { NEW_POLICY, sameDraft } from './policy';

const field = (values: string[]): Filter => ({ type: 'field', field: 'location', op: 'in', values });

describe('paths', () => {
  it('go to text and back', () => {
    const path = { block: 2, steps: [0, 3, 1] };
    expect(textOf(path)).toBe('blocks[2].filters[0].of[3].of[1]');
    expect(parsePath(textOf(path))).toEqual({ at: path, rest: '' });
    expect(textOf({ block: 1, steps: [] })).toBe('blocks[1]');
  });

  it('find the control an error of the server is about', () => {
    const found = parsePath('rule.blocks[0].filters[1].of[0].values[2]');
    expect(found).toEqual({ at: { block: 0, steps: [1, 0] }, rest: 'values[2]' });
    expect(parsePath('rule.blocks[3].groups')).toEqual({ at: { block: 3, steps: [] }, rest: 'groups' });
    expect(parsePath('rule.include')).toBeNull();
  });
});

describe('history', () => {
  it('takes back and does again', () => {
    let history = startHistory('a');
    history = withEdit(history, 'b', null, 0);
    history = withEdit(history, 'c', null, 1);
    expect(withUndo(history).present).toBe('b');
    expect(withRedo(withUndo(history)).present).toBe('c');
    expect(withUndo(withUndo(withUndo(history))).present).toBe('a');
    expect(withEdit(withUndo(history), 'd', null, 2).future).toEqual([]);
  });

  it('makes one step of quick edits of the same thing', () => {
    let history = startHistory('');
    history = withEdit(history, 'P', 'box', 1000);
    history = withEdit(history, 'Pa', 'box', 1100);
    expect(withUndo(history).present).toBe('');
    history = withEdit(history, 'Par', 'box', 1100 + SAME_EDIT_MS);
    expect(withUndo(history).present).toBe('Pa');
    expect(withUndo(withEdit(history, 'x', 'other', 2100)).present).toBe('Par');
  });

  it('does not grow without end, and nothing happened is no step', () => {
    let history = startHistory(0);
    for (let step = 1; step <= LONGEST_HISTORY + 10; step += 1) history = withEdit(history, step, null, step);
    expect(history.past).toHaveLength(LONGEST_HISTORY);
    expect(withEdit(history, history.present, null, 0)).toBe(history);
  });
});

describe('filters', () => {
  it('offer the operators their field can answer', () => {
    expect(opsFor('text')).toContain('contains');
    expect(opsFor('choice')).not.toContain('between');
    expect(controlFor('number', 'between')).toBe('range');
    expect(controlFor('date', 'lt')).toBe('date');
    expect(controlFor('choice', 'is_set')).toBe('none');
    expect(controlFor('date', 'today')).toBe('none');
    expect(controlFor('date', 'in_days')).toBe('days');
    expect(opsFor('number')).not.toContain('last_days');
    expect(controlFor('boolean', 'in')).toBe('choices');
  });

  it('keep what fits when the operator changes', () => {
    const between = { ...newField('credits', 'number'), values: [10, 20] };
    expect(withOp(between, 'number', 'gt').values).toEqual([10]);
    expect(withOp(between, 'number', 'is_set')).not.toHaveProperty('values');
    const hired = { ...newField('hired', 'date'), values: ['2026-01-01', '2026-02-01'] };
    const inLast = withOp(hired, 'date', 'last_days');
    expect(inLast.values).toEqual([30]);
    expect(withOp({ ...inLast, values: [400] }, 'date', 'anniversary_within_days').values).toEqual([366]);
    expect(withOp(inLast, 'date', 'between').values).toEqual([]);
    expect(withOp(inLast, 'date', 'today')).not.toHaveProperty('values');
    expect(withAddedOp({ type: 'added', op: 'last_days', values: [7] }, 'after').values).toEqual([]);
    expect(withAddedOp({ type: 'added', op: 'after', values: ['2026-01-01'] }, 'last_days').values).toEqual([
      30,
    ]);
  });

  it('say what they still want', () => {
    expect(missingIn(newField('location', 'choice'))).toBe('values');
    expect(missingIn({ type: 'field', field: 'x', op: 'is_empty' })).toBeNull();
    expect(missingIn({ type: 'field', field: 'x', op: 'between', values: [1] })).toBe('values');
    expect(missingIn({ type: 'field', field: 'x', op: 'today' })).toBeNull();
    expect(missingIn({ type: 'field', field: 'x', op: 'in_days', values: [] })).toBe('values');
    expect(missingIn(newPathResult())).toBe('paths');
    expect(missingIn(newAdded())).toBeNull();
    expect(missingIn({ type: 'any', of: [] })).toBe('of');
  });

  it('and blocks without anybody are gaps of the rule, with the path the server would give', () => {
    const rule: Rule = {
      blocks: [
        { groups: [], filters: [{ type: 'any', of: [field(['Paris']), field([])] }] },
        { groups: [], everyone: true, filters: [] },
      ],
      include: [],
      exclude: [],
    };
    expect(missingValues(rule).map((gap) => gap.path)).toEqual([
      'rule.blocks[0].groups',
      'rule.blocks[0].filters[0].of[1].values',
    ]);
  });
});

describe('the rule as text', () => {
  const rule: Rule = {
    blocks: [{ groups: [1, 'sales'], filters: [field(['Paris'])] }],
    include: [4],
    exclude: [],
  };

  it('comes back as it was', () => {
    expect(fromText(toText(rule))).toEqual({ rule });
    expect(fromText('{}')).toEqual({ rule: { blocks: [], include: [], exclude: [] } });
  });

  it.each([
    ['{', 'syntax', ''],
    ['[]', 'shape', 'rule'],
    ['{"block":[]}', 'shape', 'block'],
    ['{"include":["a"]}', 'shape', 'include'],
    ['{"blocks":[{"groups":[1],"filters":[{"type":"colour"}]}]}', 'shape', 'blocks[0].filters[0].type'],
    ['{"blocks":[{"filters":[{"type":"any"}]}]}', 'shape', 'blocks[0].filters[0].of'],
    [
      '{"blocks":[{"filters":[{"type":"none","of":[{"type":"group"}]}]}]}',
      'shape',
      'blocks[0].filters[0].of[0].groups',
    ],
    ['{"blocks":[{"groups":7}]}', 'shape', 'blocks[0].groups'],
  ])('%s is refused', (text, problem, detail) => {
    const reading = fromText(text);
    expect(reading).toMatchObject({ problem });
    if (detail) expect(reading).toMatchObject({ detail });
  });
});

describe('drafts', () => {
  const storage = {
    items: new Map<string, string>(),
    getItem: (key: string) => storage.items.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.items.set(key, value),
    removeItem: (key: string) => void storage.items.delete(key),
  };
  const key = draftKey('session', 7, 'new');
  const kept: StoredDraft = {
    draft: { rule: { blocks: [], include: [1], exclude: [] }, policy: NEW_POLICY },
    version: null,
    at: 1000,
  };
  beforeEach(() => storage.items.clear());

  it('are kept for each session and method', () => {
    storeDraft(storage, key, kept);
    expect(storedDraft(storage, key, 2000)).toEqual(kept);
    expect(storedDraft(storage, draftKey('session', 7, 3), 2000)).toBeNull();
    removeDraft(storage, key);
    expect(storedDraft(storage, key, 2000)).toBeNull();
  });

  it('are forgotten when old or unreadable', () => {
    storeDraft(storage, key, kept);
    expect(storedDraft(storage, key, 1001 + STORED_FOR_MS)).toBeNull();
    storage.setItem(key, '{"draft":');
    expect(storedDraft(storage, key, 0)).toBeNull();
    expect(storage.items.size).toBe(0);
  });

  it('differ only when they say something else', () => {
    const same = structuredClone(kept.draft);
    expect(sameDraft(kept.draft, same)).toBe(true);
    expect(sameDraft(kept.draft, { ...same, policy: { ...same.policy, mandatory: true } })).toBe(false);
  });
});

describe('counts', () => {
  const rule: Rule = {
    blocks: [{ groups: [1], filters: [field(['Paris']), field(['Rome'])] }],
    include: [],
    exclude: [],
  };
  const preview: Preview = {
    total: 40,
    position: 9,
    as_of: '2026-11-23T12:00:00Z',
    blocks: [
      {
        total: 40,
        groups_total: 200,
        filters: [
          { remaining: 90, without: 71 },
          { remaining: 40, without: 90 },
        ],
      },
    ],
    included: 0,
    excluded: 0,
    blocked: 0,
    sample: [],
  };

  it('stay with their lines through an edit, and a new line has none', () => {
    const counts = countsByLine(rule, preview);
    const next = replaceFilter(rule, { block: 0, steps: [1] }, field(['Oslo']));
    const kept = counts.filter(next.blocks[0]!.filters[0]!);
    expect(kept).toMatchObject({ remaining: 90, groups_total: 200 });
    expect(peopleCost(kept!)).toBe(31);
    expect(counts.filter(next.blocks[0]!.filters[1]!)).toMatchObject({ remaining: 40 });
    expect(counts.block(next.blocks[0]!)?.total).toBe(40);
    expect(counts.filter(field(['Rome']))).toBeUndefined();
  });

  it('of all choices are one question', () => {
    const asked = choiceRule(rule, { block: 0, steps: [1] }, [
      choiceOf({ type: 'field', field: 'location', op: 'in' }, 'Oslo'),
      choiceOf({ type: 'field', field: 'location', op: 'in' }, 'Rome'),
    ]);
    expect(asked?.blocks).toHaveLength(2);
    expect(asked?.blocks[0]?.filters).toEqual([field(['Paris']), field(['Oslo'])]);
    expect(choiceRule(rule, { block: 0, steps: [0, 1] }, [])).toBeNull();
  });
});

describe('days', () => {
  it('are counted across months and years', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
    expect(daysBetween('2026-11-23', '2027-02-21')).toBe(90);
    expect(dayIn('Asia/Tokyo', new Date('2026-11-23T20:00:00Z'))).toBe('2026-11-24');
    expect(isDay('2026-11-23')).toBe(true);
    expect(isDay('2026-13-40')).toBe(false);
  });
});

describe('what is finished of a rule', () => {
  const french: Filter = { type: 'language', op: 'in', values: ['fr'] };
  const unfinished: Filter = { type: 'path_result', status: 'completed', paths: [] };
  const block = (groups: number[], filters: Filter[]): Block => ({ groups, subgroups: true, filters });

  it('leaves out what lacks a value, and nothing else', () => {
    const whole = block([1], [french]);
    const half = block([2], [unfinished, french, { type: 'none', of: [unfinished] }]);
    const part = finishedPart({ blocks: [whole, half, block([], [french])], include: [], exclude: [7] });
    expect(part).toEqual({ blocks: [whole, block([2], [french])], include: [], exclude: [7] });
    // Lines keep their names, so that their numbers stay beside them.
    expect(keyOf(part!.blocks[1]!)).toBe(keyOf(half));
  });

  it('is nothing where nothing is finished', () => {
    expect(finishedPart({ blocks: [block([], [])], include: [], exclude: [] })).toBeNull();
  });
});

describe('a rule that is kept', () => {
  it('says that it is to hold nobody', () => {
    const empty = { blocks: [], include: [], exclude: [3] };
    expect(ruleToSave(empty)).toEqual({ ...empty, nobody: true });
    const one = { ...empty, include: [7] };
    expect(ruleToSave(one)).toBe(one);
  });
});
