/** How methods of a kind are made and shown to who makes them; apart from its words, which learners' pages have too. */
import type { Component } from 'svelte';
import type { Id, Method, PlanRequest } from '$lib/api';
import type { Policy } from '../policy/policy';

/** Where somebody stands who wants to enroll people. */
export type Side = 'person' | 'people' | 'group' | 'activity' | 'session';

/** What is known from there. */
export interface From {
  people?: Id[];
  group?: Id;
  /** The session whose people a subpath follows. */
  parent?: Id;
}

/** How a kind is offered to who wants to enroll people. */
export interface Preset {
  name: () => string;
  /** One line on what it does. */
  line: () => string;
  icon: Component;
  sides: readonly Side[];
}

/** What a form edits; a kind adds what its target is made of. */
export interface MethodDraft {
  policy: Policy;
}

/** What of a plan is the kind's own: whom the method is about. */
export type Target = Omit<PlanRequest, keyof Policy | 'method_id' | 'kind' | 'mail' | 'accept_broken_pins'>;

export interface MethodForm<D extends MethodDraft = MethodDraft> {
  /** The draft a form begins with: a method as it is, or a new one with what is known. */
  begin: (method: Method | null, from: From) => D;
  /** Null while something is missing without which it would enroll nobody. */
  target: (draft: D) => Target | null;
  /** The fields of the target; those of the policy are every kind's. Fetched when a form is opened. */
  fields: () => Promise<{
    default: Component<{ draft: D; problem: unknown; sessionId: Id }, object, 'draft'>;
  }>;
  /** Its people are held by name: nothing to follow, and nobody leaves by themselves. */
  byName?: boolean;
  /** It enrolls nobody: it only puts people who are enrolled into a class. */
  places?: boolean;
  /** It always follows changes: there is nothing to choose. */
  onlyDynamic?: boolean;
  /** Methods that are there already are changed in the rule builder, which shows their people. */
  onlyNew?: boolean;
}

/** A form beside those of other kinds: each is given the drafts that it began itself. */
export const methodForm = <D extends MethodDraft>(form: MethodForm<D>): MethodForm =>
  form as unknown as MethodForm;

export interface Making {
  /** What its row shows beside what all methods show. */
  card?: Component<{ method: Method }>;
  /** Absent where a rule is what has to be said: the builder is its form. */
  form?: MethodForm;
  /** Absent until the server makes methods of this kind. */
  preset?: Preset;
}
