import { SvelteSet } from 'svelte/reactivity';
import type { Id, ListedLearner } from '$lib/api';
import { Selection } from '$lib/design';
import { m } from '$lib/paraglide/messages';
import { statusName } from '../words';

/** A rule names so many people at most. */
export const MOST_PICKED = 20_000;

export interface Mark {
  key: string;
  words: string;
  tone: 'plain' | 'enter' | 'leave' | 'blocked';
}

/** What people are picked for. */
export interface PickingFor {
  /** The session in which they would be enrolled. */
  sessionId: Id | undefined;
  /** The group that they would join. */
  groupId?: Id;
  /** Those on the list already. */
  already: readonly Id[];
  /** Those whom the same rule leaves out. */
  leftOut: readonly Id[];
  /** Who is enrolled in another session of the activity cannot be. */
  enrolls: boolean;
}

/** People who are being picked from a list, over all its pages and filters, and what is known of each. */
export class PickedPeople {
  readonly selection = new Selection((id) => !this.#refuses(id));
  // Filled as rows arrive, and only read together with them.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #known = new Map<Id, ListedLearner>();
  readonly #for: () => PickingFor;
  readonly #already = $derived.by(() => new SvelteSet(this.#for().already));
  readonly #leftOut = $derived.by(() => new SvelteSet(this.#for().leftOut));

  constructor(picking: () => PickingFor) {
    this.#for = picking;
  }

  get sessionId(): Id | undefined {
    return this.#for().sessionId;
  }

  get ids(): Id[] {
    return [...this.selection.ids];
  }

  get people(): ListedLearner[] {
    return this.ids.flatMap((id) => this.#known.get(id) ?? []);
  }

  /** Whether the list would hold more than a rule can. */
  get tooMany(): boolean {
    return this.#already.size + this.selection.size > MOST_PICKED;
  }

  learn(people: ListedLearner[]): void {
    for (const person of people) this.#known.set(person.id, person);
  }

  /** What stands beside the name; what keeps somebody from being picked comes first. */
  marksOf(person: ListedLearner): Mark[] {
    const marks: Mark[] = [];
    const add = (key: string, words: string, tone: Mark['tone'] = 'plain') =>
      marks.push({ key, words, tone });
    const { standing } = person;
    if (standing?.state === 'elsewhere' || standing?.state === 'blocked')
      add(
        'elsewhere',
        standing.session_name
          ? m.picker_elsewhere_in({ session: standing.session_name })
          : m.picker_elsewhere(),
        'blocked',
      );
    if (this.#already.has(person.id)) add('picked', m.picker_picked());
    if (this.#isMember(person)) add('member', m.picker_member());
    if (standing?.state === 'enrolled') add('enrolled', m.picker_enrolled(), 'enter');
    if (standing?.state === 'suspended') add('paused', m.picker_paused(), 'blocked');
    if (standing?.state === 'excluded' || this.#leftOut.has(person.id))
      add('excluded', m.picker_excluded(), 'leave');
    if (person.status !== 'active' && person.status !== 'invited')
      add('status', statusName(person.status), 'leave');
    return marks;
  }

  #isMember(person: ListedLearner | undefined): boolean {
    const { groupId } = this.#for();
    return groupId !== undefined && (person?.groups.some((group) => group.id === groupId) ?? false);
  }

  #refuses(id: Id): boolean {
    const person = this.#known.get(id);
    const state = person?.standing?.state;
    const elsewhere = state === 'elsewhere' || state === 'blocked';
    return this.#already.has(id) || this.#isMember(person) || (elsewhere && this.#for().enrolls);
  }
}
