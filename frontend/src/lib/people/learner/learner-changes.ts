import type { FieldValue, Learner, LearnerChange } from '$lib/api';

/** What of `body` differs from how somebody is: an act names only what it changes. */
export function changesOf(before: Learner, body: LearnerChange): LearnerChange {
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body))
    if (name !== 'fields' && before[name as keyof Learner] !== value) changed[name] = value;
  const fields: Record<string, FieldValue> = {};
  for (const [key, value] of Object.entries(body.fields ?? {}))
    if ((before.fields[key] ?? null) !== value) fields[key] = value;
  if (Object.keys(fields).length) changed['fields'] = fields;
  return changed as LearnerChange;
}
