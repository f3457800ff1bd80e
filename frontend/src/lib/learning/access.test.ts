import { describe, expect, it } from 'vitest';
import { accessOf } from './access';
import type { Player } from './types';

const enrolled = (change: Partial<NonNullable<Player['enrollment']>>): Player['enrollment'] => ({
  id: 1,
  session_id: 1,
  session_name: 'Open',
  state: 'active',
  starts_at: null,
  due_at: null,
  ...change,
});
const now = new Date('2026-11-28T12:00:00Z');

describe('access', () => {
  it('says that somebody is suspended, not that what began long ago opens', () => {
    const past = '2026-09-14T08:00:00Z';
    expect(accessOf(enrolled({ state: 'suspended', starts_at: past }), now)).toBe('suspended');
    expect(accessOf(enrolled({ starts_at: past }), now)).toBe('open');
    expect(accessOf(enrolled({ starts_at: '2026-12-10T08:00:00Z' }), now)).toBe('not_yet');
    expect(accessOf(null, now)).toBe('not_enrolled');
  });
});
