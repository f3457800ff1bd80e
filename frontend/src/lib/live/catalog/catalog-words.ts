import type { ActivityKind, StepKind, Why } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import { methodKindOf } from '$lib/enrollment/methods';
import type { CatalogItem, StepStatus } from '$lib/learning/types';

export function kindName(kind: ActivityKind | StepKind): string {
  switch (kind) {
    case 'course':
      return m.faces_kind_course();
    case 'program':
      return m.faces_kind_program();
    case 'path':
      return m.faces_kind_path();
    case 'content':
      return m.faces_kind_content();
  }
}

export function stepStatusName(status: StepStatus): string {
  switch (status) {
    case 'completed':
      return m.faces_step_completed();
    case 'failed':
      return m.faces_step_failed();
    case 'started':
      return m.faces_step_started();
    case 'not_started':
      return m.faces_step_not_started();
  }
}

/** Why it is in the catalog no longer: what put it there holds no more. */
export function endedWords(
  title: string,
  session: string,
  reasons: Pick<Why, 'kind' | 'sentence'>[],
): string {
  // Of a hidden method only that it is the organisation's is told.
  const endOf = (why: Pick<Why, 'kind'>) =>
    why.kind === null ? 'by the organisation' : methodKindOf(why.kind).ends;
  const why = reasons.find((one) => endOf(one) !== 'silently');
  if (!why) return m.faces_ended({ title, session });
  return endOf(why) === 'by its rule'
    ? m.faces_ended_why({ title, session, sentence: why.sentence })
    : m.faces_ended_organisation({ title, session });
}

/** What leaving does, before it is done: what is kept, who gets the place, and whether there is a way back. */
export function leaveEffect(item: Pick<CatalogItem, 'waiting' | 'stays' | 'queue' | 'progress'>): string {
  if (item.waiting !== null) return m.faces_wait_no_longer_effect();
  if (item.stays) return m.faces_leave_stays();
  const parts = [item.progress > 0 ? m.faces_leave_keeps() : m.faces_leave_ends()];
  parts.push(item.queue > 0 ? m.faces_leave_queue({ count: item.queue }) : m.faces_leave_back());
  return parts.join(' ');
}

/** How many can still join: nothing where there is no limit. */
export function placesWords(item: Pick<CatalogItem, 'places' | 'queue'>): string {
  if (item.places === null) return '';
  if (item.places > 0) return m.faces_places({ count: item.places });
  return item.queue > 0 ? m.faces_full_queue({ count: item.queue }) : m.faces_all_taken();
}
