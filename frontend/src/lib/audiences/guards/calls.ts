/** Versions of a rule, and the people pinned to it: of a method, a segment, or an enrollment rule. */
import { answer, client, type Expected, type Id, type WireRule } from '$lib/api';

/** Whose rule it is. */
export type Guarded = { session_id: Id; method_id: Id } | { segment_id: Id } | { rule_id: Id };

const METHOD = '/api/v1/sessions/{session_id}/methods/{method_id}';
const SEGMENT = '/api/v1/segments/{segment_id}';
const RULE = '/api/v1/enrollment-rules/{rule_id}';

export function guardedKey(of: Guarded) {
  if ('method_id' in of) return ['method', of.method_id] as const;
  return 'segment_id' in of ? (['segment', of.segment_id] as const) : (['rule', of.rule_id] as const);
}

export function versions(of: Guarded, cursor: string | null, limit: number, signal?: AbortSignal) {
  const query = { limit, ...(cursor === null ? {} : { cursor }) };
  if ('method_id' in of)
    return answer(client.GET(`${METHOD}/versions`, { params: { path: of, query }, signal }));
  if ('segment_id' in of)
    return answer(client.GET(`${SEGMENT}/versions`, { params: { path: of, query }, signal }));
  return answer(client.GET(`${RULE}/versions`, { params: { path: of, query }, signal }));
}

export function version(of: Guarded, number: number, signal?: AbortSignal) {
  if ('method_id' in of)
    return answer(client.GET(`${METHOD}/versions/{number}`, { params: { path: { ...of, number } }, signal }));
  if ('segment_id' in of)
    return answer(
      client.GET(`${SEGMENT}/versions/{number}`, { params: { path: { ...of, number } }, signal }),
    );
  return answer(client.GET(`${RULE}/versions/{number}`, { params: { path: { ...of, number } }, signal }));
}

export function pins(of: Guarded, signal?: AbortSignal) {
  if ('method_id' in of) return answer(client.GET(`${METHOD}/pins`, { params: { path: of }, signal }));
  if ('segment_id' in of) return answer(client.GET(`${SEGMENT}/pins`, { params: { path: of }, signal }));
  return answer(client.GET(`${RULE}/pins`, { params: { path: of }, signal }));
}

export function pin(of: Guarded, body: { learner_id: Id; expected: Expected; note: string }) {
  if ('method_id' in of) return answer(client.POST(`${METHOD}/pins`, { params: { path: of }, body }));
  if ('segment_id' in of) return answer(client.POST(`${SEGMENT}/pins`, { params: { path: of }, body }));
  return answer(client.POST(`${RULE}/pins`, { params: { path: of }, body }));
}

export function unpin(of: Guarded, learner_id: Id) {
  if ('method_id' in of)
    return answer(client.DELETE(`${METHOD}/pins/{learner_id}`, { params: { path: { ...of, learner_id } } }));
  if ('segment_id' in of)
    return answer(client.DELETE(`${SEGMENT}/pins/{learner_id}`, { params: { path: { ...of, learner_id } } }));
  return answer(client.DELETE(`${RULE}/pins/{learner_id}`, { params: { path: { ...of, learner_id } } }));
}

/** What a rule that is not saved would do with the people pinned. Nothing is written. */
export function checkPins(of: Guarded, rule: WireRule, signal?: AbortSignal) {
  const body = { rule };
  if ('method_id' in of)
    return answer(client.POST(`${METHOD}/pins/check`, { params: { path: of }, body, signal }));
  if ('segment_id' in of)
    return answer(client.POST(`${SEGMENT}/pins/check`, { params: { path: of }, body, signal }));
  return answer(client.POST(`${RULE}/pins/check`, { params: { path: of }, body, signal }));
}
