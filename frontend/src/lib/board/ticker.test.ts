import { describe, expect, it } from 'vitest';
import { addHappenings, happeningOf, TICKER_LENGTH } from './ticker';
import type { Happening } from './types';

const happening = (id: number, at: string, event = 'entered'): Happening => ({
  event,
  learner: { id, first_name: 'Ana', last_name: String(id) },
  reason: null,
  at,
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
    const frame = { at: '2026-01-01T00:00:00Z', count: 4000, learner: null };
    const found = happeningOf({ type: 'event', id: 'a', position: 9, event: 'entered', data: frame });
    expect(found?.count).toBe(4000);
  });

  it('leaves frames about nobody alone', () => {
    expect(happeningOf({ type: 'event', id: 'a', position: 1, event: 'renamed', data: {} })).toBeNull();
  });
});
