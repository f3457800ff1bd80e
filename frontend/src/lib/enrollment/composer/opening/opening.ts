/** From where people are enrolled: what is filled in already, as it stands in the address (`?enroll=group-3.activity-9`). */
import type { Id } from '$lib/api';

export interface Opening {
  people?: Id[];
  group?: Id;
  segment?: Id;
  /** Who completes this activity. */
  after?: Id;
  activities?: Id[];
  sessions?: Id[];
  /** Only people of the reader's team, and only what is published to them. */
  team?: boolean;
}

/** More people than this make an address that no program takes: they are kept aside, and forgotten when the page is. */
export const MOST_IN_ADDRESS = 100;
export const NOTHING = 'new';
const KEPT = 'chosen';
const TEAM = 'team';

let kept: Id[] = [];

export function encode(opening: Opening): string {
  const { people = [] } = opening;
  if (people.length > MOST_IN_ADDRESS) kept = people;
  const parts = [
    opening.team ? TEAM : '',
    people.length > MOST_IN_ADDRESS ? KEPT : '',
    ...(people.length > MOST_IN_ADDRESS ? [] : people.map((id) => `person-${id}`)),
    opening.group === undefined ? '' : `group-${opening.group}`,
    opening.segment === undefined ? '' : `segment-${opening.segment}`,
    opening.after === undefined ? '' : `after-${opening.after}`,
    ...(opening.activities ?? []).map((id) => `activity-${id}`),
    ...(opening.sessions ?? []).map((id) => `session-${id}`),
  ].filter(Boolean);
  return parts.join('.') || NOTHING;
}

/** What cannot be read in it is left out: addresses are typed and shortened by people. */
export function decode(text: string): Opening {
  const named = new Map<string, Id[]>();
  for (const part of text.split('.')) {
    const [, name, id] = /^(person|group|segment|after|activity|session)-([1-9]\d{0,8})$/.exec(part) ?? [];
    if (name) named.set(name, [...(named.get(name) ?? []), Number(id)]);
  }
  const parts = text.split('.');
  const people = parts.includes(KEPT) ? kept : named.get('person');
  const group = named.get('group')?.[0];
  const segment = named.get('segment')?.[0];
  const after = named.get('after')?.[0];
  const activities = named.get('activity');
  const sessions = named.get('session');
  return {
    ...(parts.includes(TEAM) ? { team: true } : {}),
    ...(people ? { people } : {}),
    ...(group === undefined ? {} : { group }),
    ...(segment === undefined ? {} : { segment }),
    ...(after === undefined ? {} : { after }),
    ...(activities ? { activities } : {}),
    ...(sessions ? { sessions } : {}),
  };
}
