import type { Applied, Plan } from '$lib/api';
import { number } from '$lib/format';
import { m } from '$lib/paraglide/messages';

/** What a confirmed plan has done; what it did not do is not counted out. `places`: it only put people into a class. */
export function savedWords(
  done: Pick<Applied, 'entered' | 'left' | 'gaining' | 'losing' | 'completed_stay' | 'blocked'>,
  places = false,
): string {
  if (places) return placedWords(done.gaining ?? 0, (done.losing ?? 0) + (done.completed_stay ?? 0));
  const said: [number | undefined, (inputs: { count: number }) => string][] = [
    [done.entered, m.builder_saved_entered],
    [done.gaining, m.builder_saved_gaining],
    [done.left, m.builder_saved_left],
    [done.losing, m.builder_saved_losing],
    [done.completed_stay, m.builder_saved_completed_stay],
    [done.blocked, m.builder_saved_blocked],
  ];
  const changes = said.flatMap(([count, words]) => (count ? [words({ count })] : []));
  return changes.length ? m.builder_saved({ changes: changes.join(', ') }) : m.builder_saved_nobody();
}

function placedWords(put: number, out: number): string {
  const changes = [put && m.class_saved_put({ count: put }), out && m.class_saved_out({ count: out })];
  const said = changes.filter(Boolean).join(', ');
  return said ? m.builder_saved({ changes: said }) : m.class_saved_nobody();
}

/** What the button says that confirms a plan. */
export function confirmWords(plan: Plan | null): string {
  if (!plan) return m.builder_confirm();
  if (plan.entering && plan.leaving)
    return m.builder_confirm_both({ entering: number(plan.entering), leaving: number(plan.leaving) });
  if (plan.entering) return m.builder_confirm_enter({ count: plan.entering });
  if (plan.leaving) return m.builder_confirm_leave({ count: plan.leaving });
  return m.builder_confirm_save();
}
