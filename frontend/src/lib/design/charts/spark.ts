/** The geometry of a line without axes, in a box of `WIDTH` by `HEIGHT` that is stretched to its place. */

export const WIDTH = 1000;
export const HEIGHT = 100;
/** Room for the line's own thickness at the top and the foot. */
const MARGIN = 4;

export interface SparkSeries {
  label: string;
  /** A token such as `var(--accent)`. */
  color: string;
  values: (number | null)[];
  dashed?: boolean;
  stepped?: boolean;
}

/** Where a time stands between the first and the last, from 0 to `WIDTH`. */
export function across(times: number[], at: number): number {
  const first = times[0] ?? 0;
  const span = (times.at(-1) ?? first) - first;
  return span === 0 ? 0 : Math.min(1, Math.max(0, (at - first) / span)) * WIDTH;
}

/** The path of one series; counts start at zero, and `most` is at the top. Gaps (`null`) interrupt the line. */
export function sparkPath(times: number[], series: SparkSeries, most: number): string {
  const y = (value: number) => HEIGHT - MARGIN - (value / Math.max(1, most)) * (HEIGHT - 2 * MARGIN);
  let path = '';
  let drawing = false;
  series.values.forEach((value, index) => {
    const time = times[index];
    if (value === null || time === undefined) {
      drawing = false;
      return;
    }
    const [x, height] = [round(across(times, time)), round(y(value))];
    if (!drawing) path += `M${x} ${height}`;
    else path += series.stepped ? `H${x}V${height}` : `L${x} ${height}`;
    drawing = true;
  });
  return path;
}

const round = (value: number) => Math.round(value * 10) / 10;
