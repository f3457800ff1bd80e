import { NEW_POLICY } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';

export interface ManualDraft extends MethodDraft {
  /** Ids of who is picked, as text. */
  people: string[];
  /** The first day on which they are no longer enrolled by that; '' for good. */
  until: string;
}

export const form = methodForm<ManualDraft>({
  begin: (_method, from) => ({ people: (from.people ?? []).map(String), until: '', policy: NEW_POLICY }),
  target: ({ people, until }) =>
    people.length === 0
      ? null
      : {
          rule: { blocks: [], include: people.map(Number), exclude: [] },
          ...(until ? { until } : {}),
        },
  fields: () => import('./Fields.svelte'),
  byName: true,
  // Thousands may be on the list by then.
  onlyNew: true,
});
