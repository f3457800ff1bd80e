import { NEW_POLICY, policyOf } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';

export interface GroupDraft extends MethodDraft {
  /** The group's id as text; empty until one is chosen. */
  group: string;
  subgroups: boolean;
}

export const form = methodForm<GroupDraft>({
  begin: (method, from) => ({
    group: String(method?.group_id ?? from.group ?? ''),
    subgroups: method?.subgroups ?? true,
    policy: method ? policyOf(method) : NEW_POLICY,
  }),
  target: ({ group, subgroups }) => (group === '' ? null : { group_id: Number(group), subgroups }),
  fields: () => import('./Fields.svelte'),
});
