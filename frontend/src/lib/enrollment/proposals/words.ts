import type { EnrollmentRequest, Proposal } from '$lib/api';
import { m } from '$lib/paraglide/messages';

/** Who is meant, in a few words. */
export function whoWords(body: EnrollmentRequest): string {
  if (body.people) return m.people_count({ count: body.people.length });
  if (body.emails !== undefined) return m.proposal_addresses();
  if (body.segment_id) return m.composer_segment();
  return body.rule ? m.composer_rule() : m.composer_group();
}

export const stateWords = (
  state: Proposal['state'],
): { label: string; tone: 'blocked' | 'enter' | 'leave' } =>
  ({
    open: { label: m.proposal_open(), tone: 'blocked' as const },
    approved: { label: m.proposal_approved(), tone: 'enter' as const },
    declined: { label: m.proposal_declined(), tone: 'leave' as const },
  })[state];
