import type { ActivityKind, StepKind, Why } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { StepStatus } from './types';

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

/** Why somebody has it, as a sentence. Of a hidden method only the sentence is told, and that it is the organisation's. */
export function whyWords(why: Pick<Why, 'kind' | 'sentence' | 'name'>): string {
  if (why.kind === null) return why.sentence;
  if (why.kind === 'self') return m.faces_because_self();
  if (why.kind === 'manual') return m.faces_because_manual();
  return m.faces_because({ sentence: why.sentence || why.name });
}

/** Why it is in the catalog no longer: what put it there holds no more. */
export function endedWords(
  title: string,
  session: string,
  reasons: Pick<Why, 'kind' | 'sentence'>[],
): string {
  const why = reasons.find((one) => one.kind !== 'self');
  if (!why) return m.faces_ended({ title, session });
  if (why.kind === null || why.kind === 'manual') return m.faces_ended_organisation({ title, session });
  return m.faces_ended_why({ title, session, sentence: why.sentence });
}
