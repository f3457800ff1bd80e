import { describe, expect, it } from 'vitest';
import type { Enrollment } from '$lib/api';
import { leaving, placings } from './placing';

const person = (id: number, ...classes: [number, boolean][]) =>
  ({
    learner: { id },
    course_groups: classes.map(([group, synced]) => ({ id: group, name: `Class ${group}`, synced })),
  }) as unknown as Enrollment;

describe('putting people into a class', () => {
  it('moves from the class that somebody is in by hand, and adds all others', () => {
    const people = [person(1), person(2, [7, false]), person(3, [7, true]), person(4, [9, false])];
    expect(placings(people, 9, null)).toEqual(
      new Map([
        [null, [1, 3]],
        [7, [2]],
      ]),
    );
  });

  it('asks to move out of the class that is shown, also for who is kept in it', () => {
    expect(placings([person(1, [7, true]), person(2, [7, false])], 9, 7)).toEqual(new Map([[7, [1, 2]]]));
  });
});

describe('taking people out of their classes', () => {
  it('leaves whoever a method keeps, and who is in none', () => {
    const people = [person(1), person(2, [7, false]), person(3, [7, true]), person(4, [9, false], [7, true])];
    expect(leaving(people)).toEqual(
      new Map([
        [7, [2]],
        [9, [4]],
      ]),
    );
  });
});
