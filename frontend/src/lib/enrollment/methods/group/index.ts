import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const group = ruleKind('group', m.method_group);
