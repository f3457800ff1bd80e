import type { TimelinePoint } from '$lib/api';

/** Fewer points are no line. */
const FEWEST_POINTS = 7;

/** The part of a curve in which something is: days before anybody was there only push it to the edge. */
export function livePart(points: TimelinePoint[]): TimelinePoint[] {
  const first = points.findIndex((point) => point.enrolled > 0 || point.completed > 0);
  if (first < 0) return points.slice(-FEWEST_POINTS);
  return points.slice(Math.max(0, Math.min(first - 1, points.length - FEWEST_POINTS)));
}
