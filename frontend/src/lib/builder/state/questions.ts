/** What the builder asks the server beyond the shared calls. */
import { api, type MembersRequest, type WireRule } from '$lib/api';
import { getLocale } from '$lib/paraglide/runtime';

export type Tab = NonNullable<MembersRequest['tab']>;
export const TABS: Tab[] = [
  'matching',
  'entering',
  'leaving',
  'gaining',
  'losing',
  'completed_stay',
  'blocked',
  'nearly',
  'excluded',
];

/** The rule as a sentence in the reader's language. */
export const sentenceOf = (rule: WireRule, signal?: AbortSignal) =>
  api.describe({ rule, language: getLocale() }, signal);
