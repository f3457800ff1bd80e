import type { Session, StepKind } from '$lib/api';
import { date } from '$lib/format';
import { m } from '$lib/paraglide/messages';

export function kindName(kind: StepKind): string {
  return { course: m.kind_course, program: m.kind_program, path: m.kind_path, content: m.kind_content }[
    kind
  ]();
}

/** When a session takes place, in words. */
export function sessionDates(session: Pick<Session, 'starts_at' | 'ends_at'>): string {
  const start = session.starts_at ? date(session.starts_at) : '';
  const end = session.ends_at ? date(session.ends_at) : '';
  if (start && end) return m.session_from_to({ start, end });
  if (start) return m.session_from({ start });
  if (end) return m.session_until({ end });
  return m.session_always_open();
}
