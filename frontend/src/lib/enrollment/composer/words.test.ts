import { describe, expect, it } from 'vitest';
import type { EnrollmentConsequences } from '$lib/api';
import { actionWords, type Enrolling } from './words';

const session = {
  session_id: 1,
  session_name: 's',
  activity_title: 'a',
  methods: [],
  capacity: null,
  enrolled: null,
};
const none = {
  due_changes: 0,
  ending: 0,
  ending_on: null,
  entering: 0,
  leaving: 0,
  gaining: 0,
  losing: 0,
  completed_stay: 0,
  blocked: 0,
  freed: 0,
  held: 0,
};
const found: EnrollmentConsequences = {
  ...none,
  hash: 'h',
  position: 1,
  people: 5,
  entering: 15,
  messages: 5,
  partial: false,
  sessions: [1, 2, 3].map((id) => ({ ...session, ...none, session_id: id, entering: 5 })),
  frozen: [],
  existing: [],
  addresses: null,
};
const course = { label: 'c', noun: 'course' } as const;
const enrolling: Enrolling = { onePerson: false, follows: false, targets: [course, course, course], found };

describe('the button', () => {
  it('says whom it enrolls in what', () => {
    expect(actionWords(enrolling)).toBe('Enroll 5 people in 3 courses');
    expect(actionWords({ ...enrolling, onePerson: true })).toBe('Enroll in 3');
    const mixed = [course, { label: 's', noun: 'session' } as const];
    expect(actionWords({ ...enrolling, targets: mixed })).toBe('Enroll 5 people in 2 activities');
  });

  it('claims no number that nobody counted', () => {
    expect(actionWords({ ...enrolling, found: { ...found, blocked: 1 } })).toBe('Add 15 enrollments');
  });

  it('does not offer what would do nothing', () => {
    const idle = { ...found, ...none, people: 0 };
    expect(actionWords({ ...enrolling, found: idle })).toBeNull();
    expect(actionWords({ ...enrolling, found: idle, follows: true })).toBe('Assign to 3 courses');
  });
});
