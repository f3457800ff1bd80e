import { describe, expect, it } from 'vitest';
import { decode, encode, MOST_IN_ADDRESS } from './opening';

describe('what is filled in, in the address', () => {
  it('is read as it was written', () => {
    for (const opening of [
      {},
      { people: [5, 9] },
      { group: 3, activities: [7, 8] },
      { segment: 4, sessions: [2] },
      { after: 9, activities: [3] },
      { team: true, people: [1] },
      { people: Array.from({ length: MOST_IN_ADDRESS + 1 }, (_, index) => index + 1) },
    ])
      expect(decode(encode(opening))).toEqual(opening);
  });

  it('is left out where it means nothing', () => {
    expect(decode('group-x.person-0.session-12.nonsense')).toEqual({ sessions: [12] });
  });
});
