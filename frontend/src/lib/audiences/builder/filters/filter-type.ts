/**
 * What the builder knows of a type of filter, and where it finds it. A type is a folder here, registered in `index.ts`;
 * nothing else in the builder asks which type a filter is of.
 */
import type { Component } from 'svelte';
import type { Filter } from '$lib/api';
import type { FilterPath } from '../core/path';
import type { Directory } from '../state/directory.svelte';

export type FilterOf<T extends Filter['type']> = Extract<Filter, { type: T }>;

/** The sections of the menu that adds filters, from top to bottom. */
export const MENU_SECTIONS = [
  'people',
  'results',
  'certificates',
  'organisation',
  'time',
  'combine',
] as const;

export interface MenuEntry {
  section: (typeof MENU_SECTIONS)[number];
  key: string;
  label: string;
  hint?: string;
  make: () => Filter;
}

export interface EditorProps<F> {
  filter: F;
  path: FilterPath;
  /** `touched` names what is being typed into, so that a word is one step to take back. */
  onchange: (filter: Filter, touched?: string | null) => void;
}

/** What the rule asks about a person, and what is so. */
export interface FactLine {
  subject: string;
  value: string;
}

export interface FilterType<F extends { type: string } = Filter> {
  type: F['type'];
  editor: Component<EditorProps<F>>;
  /** The entries that add such a filter, in their order; none for a type that is only shown. */
  menu(directory: Directory): MenuEntry[];
  /** What it asks about. */
  subject(filter: F, directory: Directory): string;
  /** All of it in a few words, for its label and the tree of reasons. */
  words(filter: F, directory: Directory): string;
  /** A person's own value, as lists of people show it. */
  facts(filter: F, actual: unknown, directory: Directory): FactLine[];
  /** The list that still wants a value; null when it can be counted. */
  missing(filter: F): string | null;
  /** Of such a filter that somebody typed as JSON: the property that could not be shown; null when all can. */
  malformed(value: Record<string, unknown>): string | null;
  /** Fills in what the wire may leave out. */
  withDefaults?(filter: F): F;
}

const types = new Map<string, FilterType>();

/** Makes a type known; answers what makes it unknown again. */
export function registerFilterType<F extends { type: string }>(type: FilterType<F>): () => void {
  types.set(type.type, type as unknown as FilterType);
  return () => types.delete(type.type);
}

/** `undefined` for a type that a newer server knows and this page does not. */
export const filterTypeOf = (filter: { type: string }): FilterType | undefined => types.get(filter.type);

export const filterTypes = (): FilterType[] => [...types.values()];

export const subjectOf = (filter: Filter, directory: Directory): string =>
  filterTypeOf(filter)?.subject(filter, directory) ?? filter.type;

export const filterWords = (filter: Filter, directory: Directory): string =>
  filterTypeOf(filter)?.words(filter, directory) ?? filter.type;

export const missingIn = (filter: Filter): string | null => filterTypeOf(filter)?.missing(filter) ?? null;
