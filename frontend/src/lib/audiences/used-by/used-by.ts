/** What uses something: what deleting it would break. */
import { answer, client, type Dependent, type Dependents, type Id } from '$lib/api';
import { m } from '$lib/paraglide/messages';

/** What may be used by others. Of a field's options, any of those named. */
export type Used =
  | { kind: 'group' | 'segment' | 'field' | 'activity' | 'certificate' | 'session'; id: Id }
  | { kind: 'option'; id: Id; options: string[] };

export function dependentsOf(used: Used, signal?: AbortSignal): Promise<Dependents> {
  const { id } = used;
  switch (used.kind) {
    case 'group':
      return answer(
        client.GET('/api/v1/groups/{group_id}/dependents', { params: { path: { group_id: id } }, signal }),
      );
    case 'segment':
      return answer(
        client.GET('/api/v1/segments/{segment_id}/dependents', {
          params: { path: { segment_id: id } },
          signal,
        }),
      );
    case 'field':
      return answer(
        client.GET('/api/v1/fields/{field_id}/dependents', { params: { path: { field_id: id } }, signal }),
      );
    case 'activity':
      return answer(
        client.GET('/api/v1/activities/{activity_id}/dependents', {
          params: { path: { activity_id: id } },
          signal,
        }),
      );
    case 'certificate':
      return answer(
        client.GET('/api/v1/activities/{activity_id}/certificate/dependents', {
          params: { path: { activity_id: id } },
          signal,
        }),
      );
    case 'session':
      return answer(
        client.GET('/api/v1/sessions/{session_id}/dependents', {
          params: { path: { session_id: id } },
          signal,
        }),
      );
    case 'option':
      return answer(
        client.GET('/api/v1/fields/{field_id}/options/dependents', {
          params: { path: { field_id: id }, query: { option: used.options } },
          signal,
        }),
      );
  }
}

/** How many there are, those among them that may not be named. */
export const usesOf = (found: Dependents): number => found.total + found.hidden_count;

const kinds: Record<string, () => string> = {
  activity: m.used_kind_activity,
  enrollment_rule: m.used_kind_enrollment_rule,
  group: m.used_kind_group,
  method: m.used_kind_method,
  segment: m.used_kind_segment,
  session: m.used_kind_session,
};
export const kindOf = (one: Dependent): string => kinds[one.kind]?.() ?? one.kind;

const places: Record<string, (one: Dependent) => string> = {
  activity: ({ id }) => `/activities/${id}`,
  enrollment_rule: ({ id }) => `/enrollment-rules/${id}`,
  group: ({ id }) => `/organisation?group=${id}`,
  method: ({ id, session_id }) => `/sessions/${session_id}/enroll?method=${id}`,
  segment: ({ id }) => `/segments/${id}`,
  session: ({ id }) => `/sessions/${id}`,
};
/** Where it is looked at; a method without its session is nowhere. */
export const placeOf = (one: Dependent): string | null =>
  one.kind === 'method' && one.session_id === undefined ? null : (places[one.kind]?.(one) ?? null);
