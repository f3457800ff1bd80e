/** Activities to pick from, and the title of one already picked. */
import type { Id } from '$lib/api';
import { queries } from '$lib/api/queries';
import type { Option } from '$lib/design';
import * as learningCalls from './calls';

const SHOWN = 30;

export async function loadActivities(q: string, signal: AbortSignal): Promise<Option[]> {
  const found = await learningCalls.activities({ q, limit: SHOWN }, signal);
  return found.items.map(({ id, title }) => ({ value: String(id), label: title }));
}

export async function activityTitle(id: Id): Promise<string> {
  try {
    const queryFn = () => learningCalls.activity(id);
    return (await queries.fetchQuery({ queryKey: ['activity', id], queryFn })).title;
  } catch {
    return `#${id}`;
  }
}
