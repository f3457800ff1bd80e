import { untrack } from 'svelte';
import type { Filter } from '$lib/api';
import * as audiencesCalls from '$lib/audiences/calls';
import { choiceRule, MOST_CHOICES, type FilterPath } from '../../core';
import type { Audience } from '../../state/audience.svelte';

/**
 * How many people of the block have each choice, given its other filters: one preview answers for all of them. Asked
 * while the editor is open to view, and again when the rest of the block changes.
 */
export function choiceCounts(
  audience: Audience,
  path: () => FilterPath,
  choices: () => Filter[],
  wanted: () => boolean,
): { of(index: number): number | undefined } {
  let counts = $state.raw<(number | null)[]>([]);
  let asked = '';
  $effect(() => {
    if (!wanted()) return;
    const list = choices();
    if (list.length === 0 || list.length > MOST_CHOICES) return;
    const rule = choiceRule(audience.editor.rule, path(), list);
    if (rule === null) return;
    const text = JSON.stringify(rule) + (audience.at ?? '');
    if (text === untrack(() => asked)) return;
    const abort = new AbortController();
    void audiencesCalls
      .preview({ rule, ...(audience.at ? { at: audience.at } : {}) }, abort.signal)
      .then((preview) => {
        if (abort.signal.aborted) return;
        asked = text;
        counts = preview.blocks.map((block) => block.total);
      })
      // The choices are of use without their numbers, and the rule's own preview says what is wrong.
      .catch(() => {});
    return () => abort.abort();
  });
  return { of: (index) => counts[index] ?? undefined };
}
