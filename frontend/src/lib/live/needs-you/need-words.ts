import type { Need, NeedKind } from '$lib/api';
import { m } from '$lib/paraglide/messages';

const TITLES: Record<NeedKind, () => string> = {
  held_removals: m.needs_held_removals,
  held_entries: m.needs_held_entries,
  frozen: m.needs_frozen,
  broken_pins: m.needs_broken_pins,
  jumps: m.needs_jumps,
  blocked: m.needs_blocked,
  needs_session: m.needs_session,
  imports: m.needs_imports,
  proposals: m.needs_proposals,
};
/** In the order in which they are worth a look. */
export const KINDS = Object.keys(TITLES) as NeedKind[];

export const needTitle = (kind: NeedKind) => TITLES[kind]();

/** Where it is decided. */
export function needHref(need: Need): string | null {
  if (need.run_id !== null) return `/runs/${need.run_id}`;
  if (need.proposal_id !== null) return `/proposals?proposal=${need.proposal_id}`;
  if (need.kind === 'jumps')
    return need.segment_id === null
      ? `/sessions/${need.session_id}/enroll?method=${need.method_id}`
      : `/segments/${need.segment_id}`;
  if (need.import_id !== null) return `/imports/${need.import_id}`;
  if (need.kind === 'blocked') return `/sessions/${need.session_id}?state=blocked`;
  if (need.segment_id !== null) return `/segments/${need.segment_id}`;
  if (need.session_id !== null) return `/sessions/${need.session_id}`;
  return null;
}

const placeOf = (need: Need): string => [need.activity_title, need.session_name].filter(Boolean).join(' · ');

export function needName(need: Need): string {
  const place = placeOf(need);
  return [need.name || place, need.method_name].filter(Boolean).join(' · ');
}

export function needSays(need: Need): string {
  const people = { count: need.people };
  return {
    held_removals: m.needs_would_leave(people),
    held_entries: m.needs_would_enter(people),
    frozen: need.why ?? '',
    broken_pins: need.why ?? '',
    jumps: need.why ?? '',
    blocked: m.needs_are_blocked(people),
    needs_session: m.inner_wait(people),
    imports: m.needs_rows(people),
    proposals: placeOf(need),
  }[need.kind];
}
