/** The rule as text, for those who would rather type it. */
import type { Rule, WireRule } from '$lib/api';
import { filterTypeOf } from '../filters/filter-type';
import { isListOf, isReferences } from '../filters/shape';
import { withDefaults } from './edit';

export function toText(rule: Rule): string {
  return JSON.stringify(rule, null, 2);
}

export type ParsedRule = { rule: Rule } | { problem: 'syntax' | 'shape'; detail: string };

/**
 * Reads a rule from text. It only makes sure that the builder can show it; whether its values make sense is the
 * server's word. `detail` is the parser's message, or the path of what is not as it should be.
 */
export function fromText(text: string): ParsedRule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: 'syntax', detail: error instanceof Error ? error.message : String(error) };
  }
  const wrong = wrongInRule(value);
  return wrong === null ? { rule: withDefaults(value as WireRule) } : { problem: 'shape', detail: wrong };
}

function wrongInRule(value: unknown): string | null {
  if (!isObject(value)) return 'rule';
  const strange = Object.keys(value).find((key) => !['blocks', 'include', 'exclude', 'nobody'].includes(key));
  if (strange) return strange;
  for (const list of ['include', 'exclude'])
    if (value[list] !== undefined && !isListOf(value[list], Number.isInteger)) return list;
  if (value['blocks'] === undefined) return null;
  if (!Array.isArray(value['blocks'])) return 'blocks';
  return first(value['blocks'], (block, index) => {
    const at = `blocks[${index}]`;
    if (!isObject(block)) return at;
    if (block['groups'] !== undefined && !isReferences(block['groups'])) return `${at}.groups`;
    return block['filters'] === undefined ? null : wrongInFilters(block['filters'], `${at}.filters`);
  });
}

function wrongInFilters(value: unknown, at: string): string | null {
  if (!Array.isArray(value)) return at;
  return first(value, (filter, index) => wrongInFilter(filter, `${at}[${index}]`));
}

function wrongInFilter(value: unknown, at: string): string | null {
  if (!isObject(value)) return at;
  const type = filterTypeOf({ type: String(value['type']) });
  if (!type) return `${at}.type`;
  const wrong = type.malformed(value);
  if (wrong !== null) return `${at}.${wrong}`;
  return 'of' in value ? wrongInFilters(value['of'], `${at}.of`) : null;
}

function first<T>(items: T[], check: (item: T, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const wrong = check(item, index);
    if (wrong !== null) return wrong;
  }
  return null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
