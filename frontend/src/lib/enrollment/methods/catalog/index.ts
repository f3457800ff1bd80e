import { m } from '$lib/paraglide/messages';
import { ruleKind } from '../rule-kind';

export const catalog = ruleKind('catalog', m.catalog_audience);
