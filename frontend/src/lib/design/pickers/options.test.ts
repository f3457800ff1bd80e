import { describe, expect, it } from 'vitest';
import { matching } from './options';

describe('options', () => {
  it('match every typed word, whatever the case and the accents', () => {
    const options = [
      { value: '1', label: 'Équipe Nord', hint: 'Lille' },
      { value: '2', label: 'Équipe Sud' },
    ];
    expect(matching(options, 'equipe lille').map((one) => one.value)).toEqual(['1']);
    expect(matching(options, '  ')).toHaveLength(2);
    expect(matching(options, 'ouest')).toEqual([]);
  });
});
