import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const segment = ruleKind('segment', m.method_segment);
