/* eslint-disable svelte/prefer-svelte-reactivity -- the maps are indexes that are replaced whole, never changed */
import type { Activity, Certificate, Field, Group, Id, Person, Page, Ref, Segment } from '$lib/api';
import * as audiencesCalls from '$lib/audiences/calls';
import * as groupsCalls from '$lib/groups/calls';
import * as learningCalls from '$lib/learning/calls';
import * as peopleCalls from '$lib/people/calls';
import { namesakesIn, personName } from '$lib/format';
import { me } from '$lib/access/me.svelte';
import { m } from '$lib/paraglide/messages';
import { plain } from '$lib/design/pickers/options';

/** Enough for any organisation chart; what lies beyond is found by searching. */
const MOST_PAGES = 20;

/** Chips in view; more numbers than these nobody watches. */
const MOST_RENEWED = 12;

export interface CertificateOf extends Certificate {
  id: Id;
  activity: Activity;
}

/** The names of everything a rule can speak of. Structure is read once, people as they are mentioned. */
export class Directory {
  fields = $state.raw<Field[]>([]);
  groups = $state.raw<Group[]>([]);
  activities = $state.raw<Activity[]>([]);
  segments = $state.raw<Segment[]>([]);
  people = $state.raw<ReadonlyMap<Id, Person>>(new Map());
  loading = $state(true);
  error = $state.raw<unknown>(null);

  readonly #groupsBy = $derived(index(this.groups));
  readonly #named = $derived(Map.groupBy(this.groups, (group) => group.name));
  readonly #fieldsBy = $derived(
    new Map<Ref, Field>(
      this.fields.flatMap((field) => [[field.key, field] as const, [field.id, field] as const]),
    ),
  );
  readonly #namesakes = $derived(namesakesIn([...this.people.values()]));
  readonly #activitiesBy = $derived(index(this.activities));
  readonly certificates = $derived(
    this.activities.flatMap((activity): CertificateOf[] =>
      activity.certificate?.id ? [{ ...activity.certificate, id: activity.certificate.id, activity }] : [],
    ),
  );
  readonly children = $derived(
    Map.groupBy(
      [...this.groups].sort((a, b) => a.name.localeCompare(b.name)),
      (group) => (this.#groupsBy.has(group.parent_id ?? '') ? group.parent_id : null),
    ),
  );
  #asked = new Set<Id>();

  async load(signal: AbortSignal): Promise<void> {
    this.loading = true;
    this.error = null;
    try {
      const [fields, groups, activities, segments] = await Promise.all([
        peopleCalls.fields(signal),
        all((cursor) =>
          groupsCalls.groups({ mine: me.isAdmin ? undefined : true, limit: 1000, cursor }, signal),
        ),
        all((cursor) => learningCalls.activities({ limit: 1000, cursor }, signal)),
        // Segments are the administrators' own; for others there is nothing to choose from.
        all((cursor) => audiencesCalls.segments({ limit: 1000, cursor }, signal)).catch(() => []),
      ]);
      this.fields = fields.items;
      this.groups = groups;
      this.activities = activities;
      this.segments = segments;
    } catch (error) {
      if (!signal.aborted) this.error = error;
    } finally {
      if (!signal.aborted) this.loading = false;
    }
  }

  /** Reads a few groups again, whose numbers may have moved. */
  async renew(refs: Ref[], signal: AbortSignal): Promise<void> {
    const known = refs.map((ref) => this.group(ref)).filter((group) => group !== undefined);
    const fresh = await Promise.all(
      known.slice(0, MOST_RENEWED).map((group) => groupsCalls.group(group.id, signal).catch(() => group)),
    );
    if (signal.aborted) return;
    const by = new Map(fresh.map((group) => [group.id, group]));
    const moved = (group: Group) => {
      const next = by.get(group.id);
      return next && (next.total_count !== group.total_count || next.member_count !== group.member_count)
        ? next
        : group;
    };
    if (this.groups.some((group) => moved(group) !== group)) this.groups = this.groups.map(moved);
  }

  field(ref: Ref): Field | undefined {
    return this.#fieldsBy.get(ref);
  }

  group(ref: Ref): Group | undefined {
    return this.#groupsBy.get(ref);
  }

  groupName = (ref: Ref): string | undefined => this.group(ref)?.name;

  /** Its name, with that of the group above it where others are called the same. */
  distinctName(group: Group): string {
    const above = (this.#named.get(group.name)?.length ?? 0) > 1 ? this.ancestry(group).at(-1) : undefined;
    return above ? m.group_within({ name: group.name, above }) : group.name;
  }

  /** The groups above a group, from the top. */
  above(group: Group): Group[] {
    const found: Group[] = [];
    for (let at = group.parent_id; at !== null;) {
      const parent = this.#groupsBy.get(at);
      if (!parent || found.length > 50) break;
      found.unshift(parent);
      at = parent.parent_id;
    }
    return found;
  }

  /** Their names. */
  ancestry(group: Group): string[] {
    return this.above(group).map((one) => one.name);
  }

  /** Groups whose name, or a name above them, holds every typed word. */
  findGroups(query: string, most = 100): Group[] {
    const words = plain(query).split(/\s+/).filter(Boolean);
    const found: Group[] = [];
    for (const group of this.groups) {
      const own = plain(group.name);
      if (!words.some((word) => own.includes(word))) continue;
      const full = plain([...this.ancestry(group), group.name].join(' '));
      if (words.every((word) => full.includes(word))) found.push(group);
      if (found.length >= most) break;
    }
    return found;
  }

  activity(ref: Ref): Activity | undefined {
    return this.#activitiesBy.get(ref);
  }

  certificate(ref: Ref): CertificateOf | undefined {
    return typeof ref === 'number'
      ? this.certificates.find((one) => one.id === ref)
      : this.certificates.find((one) => one.activity.external_id === ref);
  }

  segment(ref: Ref): Segment | undefined {
    return this.segments.find((one) => one.id === ref);
  }

  person(id: Id): Person | undefined {
    return this.people.get(id);
  }

  personName(id: Id): string | undefined {
    const person = this.people.get(id);
    return person && personName(person);
  }

  /** Their name, with the address where somebody else who was mentioned is called the same. */
  distinctPerson(id: Id): string {
    const person = this.people.get(id);
    if (!person) return '…';
    return this.#namesakes.has(id)
      ? m.person_at({ name: personName(person), email: person.email })
      : personName(person);
  }

  learn(people: Person[]): void {
    if (people.length === 0) return;
    const next = new Map(this.people);
    for (const person of people) next.set(person.id, person);
    this.people = next;
  }

  /** Reads the people with these ids whom nobody has asked about yet. */
  async loadPeople(ids: Id[]): Promise<void> {
    const unknown = ids.filter((id) => !this.people.has(id) && !this.#asked.has(id));
    if (unknown.length === 0) return;
    for (const id of unknown) this.#asked.add(id);
    const rule = { blocks: [], include: unknown, exclude: [] };
    const page = await audiencesCalls
      .audienceMembers({ rule, limit: Math.min(1000, unknown.length) })
      .catch(() => null);
    this.learn(page?.items ?? []);
    // Those who do not count at present are in no audience, but their names are still wanted.
    const rest = unknown.filter((id) => !this.people.has(id)).slice(0, 20);
    this.learn(
      (await Promise.all(rest.map((id) => peopleCalls.learner(id).catch(() => null)))).filter(
        (one) => one !== null,
      ),
    );
  }
}

function index<T extends { id: Id; external_id: string | null }>(items: T[]): Map<Ref, T> {
  const by = new Map<Ref, T>();
  for (const item of items) {
    by.set(item.id, item);
    if (item.external_id !== null) by.set(item.external_id, item);
  }
  return by;
}

async function all<T>(load: (cursor: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Page<T> = await load(cursor);
    items.push(...answer.items);
    cursor = answer.next;
    if (cursor === null) break;
  }
  return items;
}
