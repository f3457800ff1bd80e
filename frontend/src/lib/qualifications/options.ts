/** Qualifications to pick from. */
import type { Option } from '$lib/design';
import * as groupsCalls from '$lib/groups/calls';

const SHOWN = 30;

export async function loadQualifications(q: string, signal: AbortSignal): Promise<Option[]> {
  const found = await groupsCalls.groups({ q, kind: 'qualification', limit: SHOWN }, signal);
  return found.items.map(({ id, name, color }) => ({ value: String(id), label: name, color }));
}
