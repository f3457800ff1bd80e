/**
 * The server writes the sentence, so that it says the same everywhere. Here its nouns are found again, in the order in
 * which the rule names them, and each becomes a link to the line it came from.
 */
import type { Filter, Rule } from '$lib/api';
import { filtersOf, textOf } from './path';

export interface Noun {
  text: string;
  /** The place in the rule: `blocks[0].filters[1]`, `blocks[0].groups`, `include`, `exclude`. */
  target: string;
}

export type SentencePart = string | Noun;

/** The names of what a filter names, in its order; what has no name yet is left out. */
export type NamesOf = (filter: Filter) => (string | undefined)[];

/** What a sentence about this rule will mention, from top to bottom. */
export function nounsOf(
  rule: Rule,
  groupName: (ref: number | string) => string | undefined,
  namesOf: NamesOf,
): Noun[] {
  const nouns: Noun[] = [];
  const add = (target: string, names: (string | undefined)[]) => {
    for (const text of names) if (text) nouns.push({ text, target });
  };
  for (const [index, block] of rule.blocks.entries()) {
    add(`blocks[${index}].groups`, block.groups.map(groupName));
    for (const { path, filter } of filtersOf(block, index)) add(textOf(path), namesOf(filter));
  }
  if (rule.include.length) add('include', [String(rule.include.length)]);
  if (rule.exclude.length) add('exclude', [String(rule.exclude.length)]);
  return nouns;
}

/**
 * Cuts a sentence at its nouns. Each is looked for after the one before; one that is not there (the sentence may sum up
 * a long list) is skipped. A noun must stand alone: "Art" is not found in "Start".
 */
export function partsOf(sentence: string, nouns: Noun[]): SentencePart[] {
  const parts: SentencePart[] = [];
  let from = 0;
  for (const noun of nouns) {
    const at = placeOf(sentence, noun.text, from);
    if (at < 0) continue;
    if (at > from) parts.push(sentence.slice(from, at));
    parts.push({ text: sentence.slice(at, at + noun.text.length), target: noun.target });
    from = at + noun.text.length;
  }
  if (from < sentence.length) parts.push(sentence.slice(from));
  return parts;
}

const LETTER = /[\p{L}\p{N}]/u;

function placeOf(sentence: string, noun: string, from: number): number {
  for (let at = sentence.indexOf(noun, from); at >= 0; at = sentence.indexOf(noun, at + 1)) {
    const before = sentence[at - 1] ?? ' ';
    const after = sentence[at + noun.length] ?? ' ';
    if (!LETTER.test(before) && !LETTER.test(after)) return at;
  }
  return -1;
}
