import { describe, expect, it } from 'vitest';
import { fitting } from './fitting';

const wide = (label: string) => label.length * 8;

describe('how many chips fit on a line', () => {
  it('is all of them where there is room', () => {
    expect(fitting(['Paris', 'London'], 400, wide)).toBe(2);
    expect(fitting([], 0, wide)).toBe(0);
  });

  it('leaves room for the chip that counts the rest', () => {
    // Two chips of 80 pixels and what is between them.
    expect(fitting(['Paris', 'Tokyo'], 164, wide)).toBe(2);
    expect(fitting(['Paris', 'Tokyo', 'Lyon'], 164, wide)).toBe(1);
  });

  it('is never none: one value is always to be read', () => {
    expect(fitting(['A very long name of something', 'B'], 20, wide)).toBe(1);
  });
});
