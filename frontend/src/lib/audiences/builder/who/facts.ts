import type { AudienceMember, Rule } from '$lib/api';
import { filterAt, parsePath } from '../core';
import type { Directory } from '../state/directory.svelte';
import { filterTypeOf, type FactLine } from '../filters/filter-type';

/** What the rule asks about a person and what is so, a line each, without repetitions. */
export function factsOf(person: AudienceMember, rule: Rule, directory: Directory): FactLine[] {
  const lines = new Map<string, FactLine>();
  for (const fact of person.facts ?? []) {
    const found = parsePath(fact.path);
    const filter = found && filterAt(rule, found.at);
    if (!filter) continue;
    for (const line of filterTypeOf(filter)?.facts(filter, fact.actual, directory) ?? [])
      lines.set(`${line.subject} ${line.value}`, line);
  }
  return [...lines.values()];
}
