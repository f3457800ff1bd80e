import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const audience = ruleKind('audience', m.method_audience);
