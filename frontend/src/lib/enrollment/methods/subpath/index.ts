import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const subpath = ruleKind('subpath', m.method_subpath);
