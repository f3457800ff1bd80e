import { describe, expect, it } from 'vitest';
import type { Session } from '$lib/api';
import { messagesFor, sentAt } from './plan-messages';

const now = new Date('2026-11-23T10:20:00Z');
const session = { id: 1, name: 'Autumn', starts_at: null } as Session;

describe('the message about an enrollment', () => {
  it('goes out when the session starts', () => {
    expect(sentAt({ starts_at: '2026-12-01T08:00:00Z' }, now)).toEqual(new Date('2026-12-01T08:00:00Z'));
  });

  it('goes out at the next full hour once it has started, or needs no start', () => {
    const hour = new Date('2026-11-23T11:00:00Z');
    expect(sentAt({ starts_at: '2026-01-01T08:00:00Z' }, now)).toEqual(hour);
    expect(sentAt({ starts_at: null }, now)).toEqual(hour);
    expect(sentAt({ starts_at: null }, new Date('2026-11-23T11:00:00Z'))).toEqual(
      new Date('2026-11-23T12:00:00Z'),
    );
  });

  it('is not promised when nobody enters, and is said to be kept when there is no mail server', () => {
    expect(messagesFor(session, 0, now, true)).toHaveLength(1);
    expect(messagesFor(session, 0, now, true)[0]?.at).toBeUndefined();
    expect(messagesFor(session, 3, now, false)).toHaveLength(messagesFor(session, 3, now, true).length + 1);
  });
});
