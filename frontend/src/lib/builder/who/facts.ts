import type { AudienceMember, FieldValue, Filter, Rule } from '$lib/api';
import { date, languageName, list } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import { filterAt, parsePath } from '../core';
import type { Directory } from '../state/directory.svelte';
import { subjectOf, valueWord } from '../words';

export interface FactLine {
  subject: string;
  value: string;
}

/** What the rule asks about a person and what is so, a line each, without repetitions. */
export function factsOf(person: AudienceMember, rule: Rule, directory: Directory): FactLine[] {
  const lines = new Map<string, FactLine>();
  for (const fact of person.facts ?? []) {
    const found = parsePath(fact.path);
    const filter = found && filterAt(rule, found.at);
    if (!filter) continue;
    for (const line of linesOf(filter, fact.actual, directory))
      lines.set(`${line.subject} ${line.value}`, line);
  }
  return [...lines.values()];
}

function linesOf(filter: Filter, actual: unknown, directory: Directory): FactLine[] {
  const subject = subjectOf(filter, directory);
  switch (filter.type) {
    case 'path_result':
      return entries(actual).map(([id, status]) => ({
        subject: directory.activity(Number(id))?.title ?? subject,
        value: `${directory.activity(Number(id))?.title ?? ''} ${statusWord(status)}`.trim(),
      }));
    case 'certificate':
      return entries(actual).map(([id, award]) => ({
        subject: directory.certificate(Number(id))?.title ?? subject,
        value: `${directory.certificate(Number(id))?.title ?? ''} ${awardWord(award)}`.trim(),
      }));
    case 'language':
      return [{ subject, value: languageName(String(actual)) }];
    case 'manager':
      return [{ subject, value: directory.personName(Number(actual)) ?? '' }].filter((line) => line.value);
    case 'added':
      return [{ subject, value: m.builder_fact_added({ date: date(String(actual)) }) }];
    case 'group':
      return Array.isArray(actual) && actual.length ? [{ subject, value: list(actual.map(String)) }] : [];
    case 'field':
      return [{ subject, value: fieldWord(subject, actual as FieldValue) }];
    default:
      return [];
  }
}

/** A bare number or yes says nothing without its name. */
function fieldWord(subject: string, value: FieldValue): string {
  const bare = typeof value === 'number' || typeof value === 'boolean' || value === null || value === '';
  return bare ? `${subject}: ${valueWord(value)}` : valueWord(value);
}

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

function statusWord(status: unknown): string {
  const words: Record<string, () => string> = {
    started: m.builder_path_started,
    completed: m.builder_path_completed,
    successful: m.builder_path_successful,
    failed: m.builder_path_failed,
  };
  return (words[String(status)] ?? m.builder_path_not_started)();
}

function awardWord(award: unknown): string {
  const expires = (award as { expires_at?: string | null } | null)?.expires_at;
  return expires ? m.builder_until({ date: date(expires) }) : m.builder_for_ever();
}
