/** What the builder asks the server beyond the shared calls. */
import { post, type Day, type Id, type Learner, type Page, type Rule } from '$lib/api';
import { getLocale } from '$lib/paraglide/runtime';

export type Tab = 'matching' | 'entering' | 'leaving' | 'blocked' | 'nearly' | 'excluded';
export const TABS: Tab[] = ['matching', 'entering', 'leaving', 'blocked', 'nearly', 'excluded'];

/** One thing the rule asks about a person. `path` is that of the filter, `rule.blocks[0].filters[1]`. */
export interface Fact {
  path: string;
  actual: unknown;
}

export interface AudienceMember extends Learner {
  facts?: Fact[];
  /** The other session, on the list of blocked people. */
  session_id?: Id | null;
}

export interface MembersQuestion {
  rule: Rule;
  at?: Day;
  tab?: Tab;
  session_id?: Id;
  method_id?: Id;
  q?: string;
  limit?: number;
  cursor?: string | null;
}

export function members(question: MembersQuestion, signal?: AbortSignal): Promise<Page<AudienceMember>> {
  return post<Page<AudienceMember>>('/audiences/members', question, { signal });
}

/** The rule as a sentence in the reader's language. */
export function sentenceOf(rule: Rule, signal?: AbortSignal): Promise<{ sentence: string }> {
  return post<{ sentence: string }>('/audiences/describe', { rule, language: getLocale() }, { signal });
}

export type EmailKind = 'known' | 'new' | 'duplicate' | 'invalid' | 'excluded' | 'other_session';

export interface EmailPlan {
  hash: string;
  known: number;
  new: number;
  duplicate: number;
  invalid: number;
  excluded: number;
  other_session: number;
  already_enrolled: number;
  items: { email: string; kind: EmailKind; learner_id: number | null }[];
}

/** Sorts pasted addresses; nothing is written. */
export function sortEmails(session_id: Id, text: string, signal?: AbortSignal): Promise<EmailPlan> {
  return post<EmailPlan>(`/sessions/${session_id}/emails`, { text }, { signal });
}
