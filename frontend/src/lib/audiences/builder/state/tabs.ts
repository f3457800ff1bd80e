/** What the builder asks the server beyond the shared calls. */
import type { MembersRequest, WireRule } from '$lib/api';
import * as audiencesCalls from '$lib/audiences/calls';
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
  audiencesCalls.describe({ rule, language: getLocale() }, signal);
