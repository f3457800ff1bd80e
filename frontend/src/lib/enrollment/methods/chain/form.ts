import { NEW_POLICY, policyOf } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';
import { chainTarget, NEW_CHAIN, termsOf, type ChainTerms } from './terms';

export interface ChainDraft extends MethodDraft {
  terms: ChainTerms;
}

export const form = methodForm<ChainDraft>({
  begin: (method) => ({
    terms: method ? termsOf(method) : { ...NEW_CHAIN },
    policy: method ? policyOf(method) : NEW_POLICY,
  }),
  target: ({ terms }) => chainTarget(terms),
  fields: () => import('./Fields.svelte'),
  onlyDynamic: true,
});
