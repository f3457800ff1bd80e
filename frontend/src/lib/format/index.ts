/** Numbers, dates and names in the reader's language. */
import { now } from './clock';
import { getLocale } from '$lib/paraglide/runtime';

const cache = new Map<string, unknown>();

/** The reader's own variety of the language on screen: 9 Aug in Britain is Aug 9 in the United States. */
function readersLocale(): string {
  const language = getLocale();
  const varieties = typeof navigator === 'undefined' ? [] : navigator.languages;
  return varieties.find((one) => one.startsWith(`${language}-`)) ?? language;
}

function cached<T>(key: string, make: (locale: string) => T): T {
  const locale = readersLocale();
  const full = `${locale} ${key}`;
  let found = cache.get(full) as T | undefined;
  if (found === undefined) {
    found = make(locale);
    cache.set(full, found);
  }
  return found;
}

export function number(value: number): string {
  return cached('number', (locale) => new Intl.NumberFormat(locale)).format(value);
}

/** `1.2K`, `34M`: for axes and tight places. */
export function compactNumber(value: number): string {
  return cached(
    'compact',
    (locale) => new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }),
  ).format(value);
}

/** A score out of 100, to one decimal. */
export function score(value: number): string {
  return cached('score', (locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })).format(
    value,
  );
}

/** `value` from 0 to 1. */
export function percent(value: number): string {
  return cached(
    'percent',
    (locale) => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }),
  ).format(value);
}

function dateFormat(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return cached(key, (locale) => new Intl.DateTimeFormat(locale, options));
}

/** A day such as `2026-11-23` belongs to no time zone; an instant is shown in the reader's own. */
export function date(value: string | Date): string {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value))
    return dateFormat('day', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${value}T00:00:00Z`));
  return dateFormat('date', { dateStyle: 'medium' }).format(new Date(value));
}

/** A day of which the year is plain, where there is little room. */
export function dayOfYear(day: string): string {
  return dateFormat('day of year', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

export function dateTime(value: string | Date): string {
  return dateFormat('datetime', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(value));
}

/** Where there is little room; the year only of other years than this one. */
export function dateTimeShort(value: string | Date): string {
  const when = new Date(value);
  const year = when.getFullYear() === now().getFullYear() ? undefined : ('numeric' as const);
  return dateFormat(`short ${year}`, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    ...(year && { year }),
  }).format(when);
}

export function time(value: string | Date): string {
  return dateFormat('time', { timeStyle: 'short' }).format(new Date(value));
}

const DAY_SECONDS = 86_400;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
/** Farther away than these many days, months and then years say more. */
const DAYS_COUNTED = 45;
const MONTH_DAYS = 365.25 / 12;
const MONTHS_COUNTED = 18;

/** Days between two moments on the reader's calendar: what is "tomorrow" is so at midnight, not 24 hours later. */
function calendarDays(from: Date, to: Date): number {
  const day = (moment: Date) => Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate());
  return Math.round((day(to) - day(from)) / (DAY_SECONDS * 1000));
}

/** `3 hours ago`, `tomorrow`, `in 12 days`. Weeks are not counted: "next week" is a week of the calendar to everybody. */
export function relative(value: string | Date, from: Date = now()): string {
  const when = new Date(value);
  const seconds = Math.round((when.getTime() - from.getTime()) / 1000);
  const auto = cached('relative', (locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }));
  const days = calendarDays(from, when);
  if (Math.abs(seconds) < DAY_SECONDS || days === 0) {
    const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? (['second', 1] as const);
    return auto.format(Math.trunc(seconds / size), unit);
  }
  if (Math.abs(days) <= DAYS_COUNTED) return auto.format(days, 'day');
  const exact = cached('relative-exact', (locale) => new Intl.RelativeTimeFormat(locale));
  const months = Math.round(days / MONTH_DAYS);
  return Math.abs(months) <= MONTHS_COUNTED
    ? exact.format(months, 'month')
    : exact.format(Math.round(months / 12), 'year');
}

/** How long ago something was: clocks differ by seconds, and nothing has happened in the future. */
export function ago(value: string | Date, from: Date = now()): string {
  const when = new Date(value);
  return relative(when > from ? from : when, from);
}

/** `Paris, Chicago and 3 more` is the caller's; this is `Paris, Chicago, or Rome`. */
export function list(values: string[], kind: 'conjunction' | 'disjunction' = 'conjunction'): string {
  return cached(kind, (locale) => new Intl.ListFormat(locale, { type: kind })).format(values);
}

export function personName(person: { first_name: string; last_name: string; email?: string }): string {
  return `${person.first_name} ${person.last_name}`.trim() || (person.email ?? '');
}

/** Those of a list who share their name with somebody else in it: a name alone does not say who they are. */
export function namesakesIn(
  people: { id: number; first_name: string; last_name: string; email?: string }[],
): Set<number> {
  const nameOf = (person: { first_name: string; last_name: string; email?: string }) =>
    personName(person).normalize('NFKC').toLocaleLowerCase();
  const times = new Map<string, number>();
  for (const person of people) times.set(nameOf(person), (times.get(nameOf(person)) ?? 0) + 1);
  return new Set(people.filter((one) => (times.get(nameOf(one)) ?? 0) > 1).map((one) => one.id));
}

export function languageName(code: string): string {
  try {
    return (
      cached('languages', (locale) => new Intl.DisplayNames(locale, { type: 'language' })).of(code) ?? code
    );
  } catch {
    return code;
  }
}

/** An instant as `datetime-local` wants it, in the reader's own time. */
export function toLocalInput(instant: string | null | undefined): string {
  if (!instant) return '';
  const when = new Date(instant);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromLocalInput(value: string): string | null {
  return value ? new Date(value).toISOString().replace('.000Z', 'Z') : null;
}
