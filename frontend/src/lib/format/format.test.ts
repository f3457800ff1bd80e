import { describe, expect, it } from 'vitest';
import { setLocale } from '$lib/paraglide/runtime';
import { m } from '$lib/paraglide/messages';
import {
  ago,
  namesakesIn,
  compactNumber,
  date,
  dateTimeShort,
  dayOfYear,
  fromLocalInput,
  list,
  number,
  percent,
  personName,
  relative,
  toLocalInput,
} from '.';

const french = () => setLocale('fr', { reload: false });
const english = () => setLocale('en', { reload: false });
const spaces = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

const person = (id: number, first_name: string) => ({ id, first_name, last_name: 'Li' });

describe('formatting', () => {
  it('follows the reader’s language', () => {
    english();
    expect([number(1_234_567), percent(0.256), compactNumber(12_300)]).toEqual(['1,234,567', '26%', '12.3K']);
    french();
    expect(spaces(number(1_234_567))).toBe('1 234 567');
    expect(spaces(percent(0.256))).toBe('26 %');
    expect(list(['Paris', 'Rome', 'Oslo'])).toBe('Paris, Rome et Oslo');
    english();
  });

  it('shows a day as that day in every time zone', () => {
    english();
    expect(date('2026-03-01')).toBe('Mar 1, 2026');
  });

  it('says how far away a moment is', () => {
    english();
    const now = new Date('2026-11-23T12:00:00Z');
    expect(relative('2026-11-23T11:59:58Z', now)).toBe('2 seconds ago');
    expect(relative('2026-11-23T12:00:00Z', now)).toBe('now');
    expect(relative('2026-11-25T13:00:00Z', now)).toBe('in 2 days');
    // A week of the calendar is not seven days, and twelve days are not one week.
    expect(relative('2026-12-05T08:00:00Z', now)).toBe('in 12 days');
    expect(relative('2026-11-30T12:00:00Z', now)).toBe('in 7 days');
    expect(relative('2027-02-20T12:00:00Z', now)).toBe('in 3 months');
    expect(relative('2029-11-20T12:00:00Z', now)).toBe('in 3 years');
    // Another machine's clock may be ahead of this one.
    expect(ago('2026-11-23T12:00:04Z', now)).toBe('now');
    expect(namesakesIn([person(1, 'Ana'), person(2, 'Bo'), person(3, 'ANA')])).toEqual(new Set([1, 3]));
    expect(relative('2026-11-22T12:00:00Z', now)).toBe('yesterday');
  });

  it('leaves the year of a day out where it is plain', () => {
    english();
    expect(dayOfYear('2027-02-27')).toMatch(/^(27 Feb|Feb 27)$/);
    french();
    expect(dayOfYear('2027-02-27')).toBe('27 févr.');
    english();
  });

  it('round-trips an instant through a control', () => {
    expect(fromLocalInput(toLocalInput('2026-11-23T09:30:00Z'))).toBe('2026-11-23T09:30:00Z');
    expect([toLocalInput(null), fromLocalInput('')]).toEqual(['', null]);
  });

  it('names people who have no name by their address', () => {
    expect(personName({ first_name: 'Ana', last_name: 'Lopez' })).toBe('Ana Lopez');
    expect(personName({ first_name: '', last_name: '', email: 'ana@example.org' })).toBe('ana@example.org');
  });

  it('uses the plural of each language', () => {
    english();
    expect([0, 1, 1200].map((count) => m.people_count({ count }))).toEqual([
      '0 people',
      '1 person',
      '1,200 people',
    ]);
    french();
    expect([0, 1, 2].map((count) => m.people_count({ count }))).toEqual([
      '0 personne',
      '1 personne',
      '2 personnes',
    ]);
    english();
  });
});

describe('numbers within sentences', () => {
  it.each([
    ['en', 0, 'people match now'],
    ['en', 1, 'person matches now'],
    ['fr', 0, 'personne correspond'],
    ['fr', 1, 'personne correspond'],
    ['fr', 2, 'personnes correspondent'],
  ] as const)('in %s: %d %s', (locale, count, words) => {
    expect(m.builder_total_now({ count }, { locale })).toBe(words);
  });

  it('leave out the year where it is this one', () => {
    const year = new Date().getFullYear();
    expect(dateTimeShort(`${year}-03-05T10:20:00Z`)).not.toContain(String(year));
    expect(dateTimeShort('2019-03-05T10:20:00Z')).toContain('2019');
  });
});

describe('the message catalogs', () => {
  const catalogs = import.meta.glob<Record<string, unknown>>('../../../messages/**/*.json', {
    eager: true,
    import: 'default',
  });
  const inputs = (message: unknown) =>
    [...new Set(JSON.stringify(message).match(/\{\w+\}/g) ?? [])].sort().join();

  it.each(Object.keys(catalogs).filter((path) => path.endsWith('/en.json')))(
    '%s has a French twin',
    (path) => {
      const en = catalogs[path]!;
      const fr = catalogs[path.replace('/en.json', '/fr.json')]!;
      expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
      for (const key of Object.keys(en)) expect([key, inputs(fr[key])]).toEqual([key, inputs(en[key])]);
    },
  );

  it.each(Object.keys(catalogs).filter((path) => path.endsWith('/fr.json')))(
    '%s never begins a line with a punctuation mark',
    (path) => {
      const words = Object.entries(catalogs[path]!).map(([key, value]) => [key, JSON.stringify(value)]);
      expect(words.filter(([, value]) => / [:;?!»%]|« /.test(value!))).toEqual([]);
    },
  );

  it('say each thing once: of two that have one name the latter would be read', () => {
    const texts = import.meta.glob<string>('../../../messages/**/*.json', {
      eager: true,
      query: '?raw',
      import: 'default',
    });
    const names = Object.entries(texts)
      .filter(([path]) => path.endsWith('/en.json'))
      .flatMap(([, text]) => [...text.matchAll(/^ {2}"(\w+)":/gm)].map(([, name]) => name!));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
