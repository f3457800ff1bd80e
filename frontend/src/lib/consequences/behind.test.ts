import { describe, expect, it } from 'vitest';
import type { ConsequencePlace, PlannedMessage } from '$lib/api';
import { noteOf, recipient } from './behind';

const ana = { id: 1, external_id: null, email: 'ana@x.example', first_name: 'Ana', last_name: 'Lopez' };
const about = (kind: PlannedMessage['about'][number]['kind'], title: string) => ({
  kind,
  session_id: 7,
  session_name: 'Spring',
  activity_title: title,
});

describe('somebody behind a number', () => {
  const place = {
    session_id: 7,
    session_name: 'Spring',
    why: { sentence: 'Hired has changed' },
    due: null,
    ends_on: null,
  } as ConsequencePlace;

  it('is told with the dates it is about', () => {
    expect(noteOf(place)).toBe('Hired has changed');
    const due = { before: null, after: '2027-03-05T23:59:59Z' };
    expect(noteOf({ ...place, due })).toMatch(/^due: no date → .*2027 · Hired has changed$/);
    expect(noteOf({ ...place, ends_on: '2027-03-05' })).toMatch(/^enrolled until .*2027$/);
  });
});

describe('a message that would go out', () => {
  it('says when it goes and everything that it tells, of one kind together', () => {
    const found = recipient({
      learner: ana,
      at: '2026-03-01T09:00:00Z',
      about: [about('enrolled', 'Ladders'), about('due_changed', 'Welding'), about('enrolled', 'Lifting')],
    } as PlannedMessage);
    expect(found.name).toBe('Ana Lopez');
    expect(found.notes).toHaveLength(1);
    expect(found.notes[0]).toMatch(
      /2026.*: enrolled in Ladders · Spring and Lifting · Spring · due sooner: Welding · Spring$/,
    );
  });

  it('goes to an account that is not there yet', () => {
    const about = [{ kind: 'invited' as const, session_id: null, session_name: null, activity_title: null }];
    const found = recipient({ learner: null, at: '2026-03-01T09:00:00Z', about });
    expect(found.name).toBe('A new account');
    expect(found.notes[0]).toMatch(/: invitation to a new account$/);
  });
});
