/** The rule as text, for those who would rather type it. */
import type { Filter, Rule, WireRule } from '$lib/api';
import { complete } from './edit';

export function toText(rule: Rule): string {
  return JSON.stringify(rule, null, 2);
}

export type Reading = { rule: Rule } | { problem: 'syntax' | 'shape'; detail: string };

const LISTS: Record<string, string[]> = {
  field: [],
  group: ['groups'],
  path_result: ['paths'],
  certificate: ['certificates'],
  language: ['values'],
  added: ['values'],
  manager: ['managers'],
  segment: ['segments'],
};

/**
 * Reads a rule from text. It only makes sure that the builder can show it; whether its values make sense is the
 * server's word. `detail` is the parser's message, or the path of what is not as it should be.
 */
export function fromText(text: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: 'syntax', detail: error instanceof Error ? error.message : String(error) };
  }
  const wrong = wrongInRule(value);
  return wrong === null ? { rule: complete(value as WireRule) } : { problem: 'shape', detail: wrong };
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
    if (block['groups'] !== undefined && !isListOf(block['groups'], isRef)) return `${at}.groups`;
    return block['filters'] === undefined ? null : wrongInFilters(block['filters'], `${at}.filters`);
  });
}

function wrongInFilters(value: unknown, at: string): string | null {
  if (!Array.isArray(value)) return at;
  return first(value, (filter, index) => wrongInFilter(filter, `${at}[${index}]`));
}

function wrongInFilter(value: unknown, at: string): string | null {
  if (!isObject(value)) return at;
  const type = value['type'] as Filter['type'];
  if (type === 'all' || type === 'any' || type === 'none') return wrongInFilters(value['of'], `${at}.of`);
  const lists = LISTS[type];
  if (!lists) return `${at}.type`;
  if (type === 'field' && !isRef(value['field'])) return `${at}.field`;
  if (type === 'field' && value['values'] !== undefined && !Array.isArray(value['values']))
    return `${at}.values`;
  const wrong = lists.find((list) => !isListOf(value[list], isRef));
  return wrong ? `${at}.${wrong}` : null;
}

function first<T>(items: T[], check: (item: T, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const wrong = check(item, index);
    if (wrong !== null) return wrong;
  }
  return null;
}

const isRef = (value: unknown) => typeof value === 'string' || Number.isInteger(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = (value: unknown, check: (item: unknown) => boolean) =>
  Array.isArray(value) && value.every((item) => check(item));
