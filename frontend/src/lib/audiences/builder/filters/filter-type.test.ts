import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AudienceMember, FieldOp, Filter } from '$lib/api';
import { live } from '$lib/live';
import { setLocale } from '$lib/paraglide/runtime';
import { fromText, missingValues, NEW_DRAFT } from '../core';
import { Directory } from '../state/directory.svelte';
import { DraftEditor } from '../state/draft-editor.svelte';
import { factsOf } from '../who/facts';
import '.';
import { filterTypes, filterWords, registerFilterType, type FilterType } from './filter-type';
import TestBuilder from './TestBuilder.svelte';
import TestEditor from './TestEditor.svelte';

// What jsdom does not lay out, it neither observes nor scrolls.
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
Element.prototype.scrollIntoView = () => {};
// The address belongs to the framework, which is not there.
vi.mock('$app/navigation', () => ({ goto: () => Promise.resolve() }));

interface NameBegins {
  type: 'name_begins';
  with: string;
}

/** A type that only this test knows: what a new folder would hold. */
const nameBegins: FilterType<NameBegins> = {
  type: 'name_begins',
  editor: TestEditor,
  menu: () => [
    {
      section: 'people',
      key: 'name_begins',
      label: 'First letters',
      make: () => ({ type: 'name_begins', with: '' }) as unknown as Filter,
    },
  ],
  subject: () => 'Name',
  words: (filter) => `Name begins with ${filter.with}`,
  facts: (_, actual) => [{ subject: 'Name', value: String(actual) }],
  missing: (filter) => (filter.with ? null : 'with'),
  malformed: (value) => (typeof value['with'] === 'string' ? null : 'with'),
};
const begins = (text: string) => ({ type: 'name_begins', with: text }) as unknown as Filter;
const ruleOf = (...filters: Filter[]) => ({
  blocks: [{ groups: [], everyone: true, filters }],
  include: [],
  exclude: [],
});

let unregister = () => {};
beforeEach(() => {
  unregister = registerFilterType(nameBegins);
});
afterEach(() => {
  // Its question to the server would be asked a moment later, when there is no page any more.
  cleanup();
  unregister();
  live.close();
});

describe('a type of filter registered here alone', () => {
  it('is added from the menu, edited, and named', async () => {
    const editor = new DraftEditor();
    editor.load({ ...NEW_DRAFT, rule: ruleOf() }, null);
    render(TestBuilder, { editor });
    await fireEvent.click(screen.getByRole('button', { name: 'Add filter' }));
    await fireEvent.click(await screen.findByText('First letters'));
    await waitFor(() => expect(editor.rule.blocks[0]?.filters).toEqual([begins('')]));
    await fireEvent.input(screen.getByLabelText('Begins with'), { target: { value: 'An' } });
    expect(editor.rule.blocks[0]?.filters).toEqual([begins('An')]);
    await screen.findByRole('group', { name: 'Name begins with An' });
  });

  it('is read from text, waits for its value, and shows what people have', () => {
    const directory = new Directory();
    const rule = ruleOf(begins('An'));
    expect(fromText(JSON.stringify(rule))).toEqual({ rule });
    expect(fromText(JSON.stringify(ruleOf({ type: 'name_begins' } as unknown as Filter)))).toMatchObject({
      detail: 'blocks[0].filters[0].with',
    });
    expect(missingValues(ruleOf(begins(''))).map((one) => one.path)).toEqual([
      'rule.blocks[0].filters[0].with',
    ]);
    expect(filterWords(begins('An'), directory)).toBe('Name begins with An');
    const person = { facts: [{ path: 'rule.blocks[0].filters[0]', actual: 'Ana' }] } as AudienceMember;
    expect(factsOf(person, rule, directory)).toEqual([{ subject: 'Name', value: 'Ana' }]);
  });

  it('says its own name where it is not known, rather than another’s', () => {
    unregister();
    const directory = new Directory();
    expect(filterWords(begins('An'), directory)).toBe('name_begins');
    expect(
      filterTypes()
        .map((type): string => type.type)
        .includes('name_begins'),
    ).toBe(false);
    expect(fromText(JSON.stringify(ruleOf(begins('An'))))).toMatchObject({
      detail: 'blocks[0].filters[0].type',
    });
  });
});

describe('dates told from today', () => {
  it('are said with their days in both languages', () => {
    const directory = new Directory();
    const hired = (op: FieldOp, days: number): Filter => ({
      type: 'field',
      field: 'Hired',
      op,
      values: [days],
    });
    void setLocale('en', { reload: false });
    expect(filterWords(hired('last_days', 1), directory)).toBe('Hired in the last 1 day');
    expect(filterWords(hired('anniversary_within_days', 7), directory)).toBe(
      'Hired has its anniversary within 7 days',
    );
    void setLocale('fr', { reload: false });
    expect(filterWords(hired('next_days', 14), directory)).toBe('Hired au cours des 14 prochains jours');
    void setLocale('en', { reload: false });
  });
});
