import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const segment_group = { ...ruleKind('segment_group', m.class_kind), places: true };
