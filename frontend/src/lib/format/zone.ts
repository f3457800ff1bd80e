/** Days where the organisation is, as moments. */

/** How far a time zone is ahead of UTC at a moment, in milliseconds. */
function ahead(timezone: string, at: Date): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return local - Math.floor(at.getTime() / 1000) * 1000;
}

/** The last second of a day `YYYY-MM-DD` in a time zone, as an instant. */
export function endOfDay(day: string, timezone: string): string {
  const wall = Date.parse(`${day}T23:59:59Z`);
  // Twice: the first guess may lie on the other side of a change of the clocks.
  const guess = wall - ahead(timezone, new Date(wall));
  return new Date(wall - ahead(timezone, new Date(guess))).toISOString().replace('.000Z', 'Z');
}
