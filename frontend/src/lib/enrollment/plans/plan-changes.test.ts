import { describe, expect, it } from 'vitest';
import type { Person, Plan } from '$lib/api';
import { planChanges } from './plan-changes';

const person = (id: number): Person => ({
  id,
  email: `${id}@example.org`,
  first_name: 'P',
  last_name: `${id}`,
});

function plan(entering: number[], change: Partial<Plan> = {}): Plan {
  return {
    hash: 'h',
    entering: entering.length,
    leaving: 0,
    staying: 0,
    gaining: 0,
    losing: 0,
    completed_stay: 0,
    blocked: 0,
    excluded: 0,
    held: false,
    samples: {
      entering: entering.map(person),
      leaving: [],
      gaining: [],
      losing: [],
      completed_stay: [],
      blocked: [],
      excluded: [],
    },
    warnings: [],
    broken_pins: [],
    course_group: null,
    position: 1,
    ...change,
  };
}

describe('what is different between two plans', () => {
  it('names who came and who went', () => {
    const [only, ...rest] = planChanges(plan([1, 2]), plan([2, 3]));
    expect(rest).toEqual([]);
    expect(only?.kind).toBe('entering');
    expect(only?.came.map((one) => one.id)).toEqual([3]);
    expect(only?.went.map((one) => one.id)).toEqual([1]);
  });

  it('says nothing of equal plans', () => {
    expect(planChanges(plan([1]), plan([1]))).toEqual([]);
  });

  it('names nobody whom a longer list may hold already', () => {
    const long = plan([1, 2], { entering: 40 });
    expect(planChanges(long, plan([1, 2, 3], { entering: 41 }))).toMatchObject([
      { kind: 'entering', before: 40, now: 41, came: [], went: [] },
    ]);
  });
});
