import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const chain = ruleKind('chain', m.method_chain);
