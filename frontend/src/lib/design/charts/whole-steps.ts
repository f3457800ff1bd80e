/** There is no larger number to draw. */
const MOST_DIGITS = 10;

/** How far the lines of a chart of people may be apart: nobody is half enrolled. */
export const WHOLE_STEPS: number[] = Array.from({ length: MOST_DIGITS }, (_, digits) =>
  [1, 2, 5].map((first) => first * 10 ** digits),
).flat();
