/** A chip is its words with a cross: so many pixels beside them. */
const AROUND_WORDS = 40;
/** The words of one chip are cut off beyond this. */
const WIDEST = 180;
const BETWEEN = 4;
/** The chip that says how many are left. */
const REST = 40;

/**
 * How many chips fit beside each other into `width` pixels, the first always, with room for one that counts the rest.
 * `widthOf` measures words.
 */
export function fitting(labels: string[], width: number, widthOf: (label: string) => number): number {
  let used = 0;
  for (const [index, label] of labels.entries()) {
    used += Math.min(WIDEST, widthOf(label) + AROUND_WORDS) + (index > 0 ? BETWEEN : 0);
    const rest = index < labels.length - 1 ? BETWEEN + REST : 0;
    if (index > 0 && used + rest > width) return index;
  }
  return labels.length;
}
