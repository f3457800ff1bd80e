import { fromLocalInput, toLocalInput } from '$lib/format';
import { NEW_POLICY, policyOf } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';

export interface SelfDraft extends MethodDraft {
  /** Whoever sees the session may come; otherwise people have to type the key. */
  open: boolean;
  key: string;
  /** As it was typed; empty where there is no limit. */
  capacity: string;
  /** Local times, as their inputs keep them; empty where there is no such limit. */
  opens: string;
  closes: string;
}

export const form = methodForm<SelfDraft>({
  begin: (method) => ({
    open: method?.open ?? false,
    key: method?.key ?? '',
    capacity: method?.capacity ? String(method.capacity) : '',
    opens: toLocalInput(method?.opens_at),
    closes: toLocalInput(method?.closes_at),
    policy: method ? policyOf(method) : NEW_POLICY,
  }),
  target: ({ open, key, capacity, opens, closes }) => {
    if (!open && !key.trim()) return null;
    return {
      open: open || null,
      key: open ? null : key.trim(),
      capacity: capacity ? Number(capacity) : null,
      opens_at: fromLocalInput(opens),
      closes_at: fromLocalInput(closes),
    };
  },
  fields: () => import('./Fields.svelte'),
  byName: true,
});
