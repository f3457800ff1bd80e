/** The width of a bold tabular figure, of its own size; separators are narrower. */
const FIGURE_EM = 0.7;

/** The largest size, in pixels, at which a number fits into `room` pixels. */
export const largestSize = (figures: string, room: number): number =>
  Math.floor(room / (figures.length * FIGURE_EM));
