import { describe, expect, it } from 'vitest';
import { setLocale } from '$lib/paraglide/runtime';
import { addHappenings, because, happeningOf, headline, linesOf, TICKER_LENGTH } from './ticker';
import type { EventFrame } from '$lib/live';
import type { Happening } from './board-types';

const happening = (id: number, at: string, event: Happening['event'] = 'entered'): Happening => ({
  event,
  learner: { id, first_name: 'Ana', last_name: String(id) },
  count: 1,
  reason: null,
  at,
  position: id,
});

/** An event about nobody, unless `data` says of whom. */
const frame = (position: number, data: Partial<EventFrame['data']>): EventFrame => ({
  type: 'event',
  id: 'a',
  position,
  event: 'entered',
  data: {
    at: '2026-01-01T00:00:00Z',
    count: 0,
    session_id: 1,
    learner: null,
    reason: null,
    before: null,
    after: null,
    ...data,
  },
});

describe('the ticker', () => {
  it('keeps the newest first and drops repeats', () => {
    const before = [happening(1, '2026-01-01T00:00:00Z')];
    const after = addHappenings(before, [
      happening(2, '2026-01-02T00:00:00Z'),
      happening(1, '2026-01-01T00:00:00Z'),
    ]);
    expect(after.map((one) => one.learner?.id)).toEqual([2, 1]);
  });

  it('keeps two different happenings of one person', () => {
    const at = '2026-01-01T00:00:00Z';
    expect(addHappenings([happening(1, at)], [happening(1, at, 'left')])).toHaveLength(2);
  });

  it('has an end', () => {
    const many = Array.from({ length: TICKER_LENGTH + 20 }, (_, id) => happening(id, '2026-01-01T00:00:00Z'));
    expect(addHappenings([], many)).toHaveLength(TICKER_LENGTH);
  });

  it('takes many at once as one happening', () => {
    expect(happeningOf(frame(9, { count: 4000 }))?.count).toBe(4000);
  });

  it('says how many in the reader’s figures', () => {
    const many = { ...happening(9, '2026-01-01T00:00:00Z'), learner: null, count: 9530 };
    void setLocale('en', { reload: false });
    expect(headline(many)).toBe('9,530 people joined');
    expect(headline({ ...many, count: 1 })).toBe('1 person joined');
  });

  it('knows many whom the history tells again', () => {
    const at = '2026-01-01T00:00:00Z';
    const told = { ...happening(9, at), learner: null, count: 4000 };
    expect(addHappenings([told], [{ ...told, position: 7 }])).toHaveLength(1);
  });

  it('tells many alike as one line, and few one by one', () => {
    void setLocale('en', { reload: false });
    const blocked = Array.from({ length: 40 }, (_, at) =>
      happening(at + 1, `2026-01-01T00:00:0${at % 5}Z`, 'blocked'),
    );
    const lines = linesOf([
      ...blocked,
      happening(50, '2026-01-01T00:00:00Z'),
      happening(51, '2026-01-01T00:00:00Z'),
    ]);
    expect(lines.map((line) => headline(line.first, line.others))).toEqual([
      'Ana 1 and 39 others are blocked: enrolled in another session',
      'Ana 50 joined',
      'Ana 51 joined',
    ]);
    // What began before the ticker does has no number.
    const cut = Array.from({ length: TICKER_LENGTH }, (_, at) => happening(at + 1, '2026-01-01T00:00:00Z'));
    expect(linesOf(cut).map((line) => headline(line.first, line.others))).toEqual([
      'Ana 1 and many others joined',
    ]);
    // A minute later is something else.
    expect(
      linesOf(blocked.slice(0, 5).map((one, at) => ({ ...one, at: `2026-01-01T00:0${at}:00Z` }))),
    ).toHaveLength(5);
  });

  it('names somebody whose name it may not say, and says reasons in words', () => {
    void setLocale('en', { reload: false });
    const nameless = {
      ...happening(9, '2026-01-01T00:00:00Z'),
      learner: { id: 9, first_name: '', last_name: '' },
    };
    expect(headline(nameless)).toBe('Somebody joined');
    const reason = { cause: 'membership', sentence: 'Now in Sales' };
    expect(because(reason as Parameters<typeof because>[0])).toBe('Now in Sales');
    expect(because(null)).toBe('');
  });

  it('leaves frames about nobody alone', () => {
    expect(happeningOf(frame(1, {}))).toBeNull();
  });
});
