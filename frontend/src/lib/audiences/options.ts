/** Segments to pick from, and the name of one already picked. */
import type { Id } from '$lib/api';
import { queries } from '$lib/api/queries';
import type { Option } from '$lib/design';
import * as audiencesCalls from './calls';

const SHOWN = 30;

export async function loadSegments(q: string, signal: AbortSignal): Promise<Option[]> {
  const found = await audiencesCalls.segments({ q, limit: SHOWN }, signal);
  return found.items.map(({ id, name, total }) => ({
    value: String(id),
    label: name,
    ...(total === null ? {} : { count: total }),
  }));
}

export async function segmentName(id: Id): Promise<string> {
  try {
    const queryFn = () => audiencesCalls.segment(id);
    return (await queries.fetchQuery({ queryKey: ['segment', id], queryFn })).name;
  } catch {
    return `#${id}`;
  }
}
