import { toasts } from '$lib/design';
import { problemText } from '$lib/format/problem';
import { m } from '$lib/paraglide/messages';

/** Few at a time: a selection may hold hundreds. */
const AT_ONCE = 4;

/** Acts on each; answers those that went through. What failed is said with its reason; only failures throw the first. */
export async function actOnEach<T>(items: T[], act: (item: T) => Promise<unknown>): Promise<T[]> {
  const done: T[] = [];
  const failures: unknown[] = [];
  const left = [...items];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) {
        try {
          await act(one);
          done.push(one);
        } catch (error) {
          failures.push(error);
        }
      }
    }),
  );
  if (failures.length && done.length === 0) throw failures[0];
  if (failures.length)
    toasts.show(m.some_failed({ count: failures.length, reason: problemText(failures[0]) }), {
      tone: 'leave',
    });
  return done;
}
