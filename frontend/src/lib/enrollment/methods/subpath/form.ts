import type { Id } from '$lib/api';
import { NEW_POLICY, policyOf } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';

export interface SubpathDraft extends MethodDraft {
  /** The session whose people it enrolls; null until one is known. */
  parent: Id | null;
}

export const form = methodForm<SubpathDraft>({
  begin: (method, from) => ({
    parent: method?.parent_session_id ?? from.parent ?? null,
    policy: method ? policyOf(method) : NEW_POLICY,
  }),
  target: ({ parent }) => (parent === null ? null : { parent_session_id: parent }),
  fields: () => import('./Fields.svelte'),
  onlyDynamic: true,
});
