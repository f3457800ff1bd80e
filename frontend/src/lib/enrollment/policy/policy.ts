/** How people are enrolled: everything of a method that is neither its rule nor its target. */
import type { Id, Instant, Method, OnLeave } from '$lib/api';

/** How a method that follows changes does so. */
export interface Following {
  follow: Method['follow'];
  reenter: Method['reenter'];
  reenter_days: number | null;
  starts_at: Instant | null;
  ends_at: Instant | null;
}

export interface Policy extends Following {
  name: string;
  dynamic: boolean;
  on_leave: OnLeave;
  role: Method['role'];
  mandatory: boolean;
  due_at: Instant | null;
  due_days: number | null;
  /** The field with each person's own date, and how many days after it they are due. */
  due_field: Id | null;
  due_field_days: number | null;
  priority: number;
}

/** Both ways, at all times: what a snapshot has as well. */
export const PLAIN: Following = {
  follow: 'both',
  reenter: 'always',
  reenter_days: null,
  starts_at: null,
  ends_at: null,
};

const FOLLOWING = Object.keys(PLAIN) as (keyof Following)[];

export const isPlain = (following: Following): boolean =>
  FOLLOWING.every((key) => following[key] === PLAIN[key]);

/** What of it is said, where it is not as usual. */
export const saidOf = (following: Following): Partial<Following> =>
  Object.fromEntries(
    FOLLOWING.filter((key) => following[key] !== PLAIN[key]).map((key) => [key, following[key]]),
  );

export const NEW_POLICY: Policy = {
  ...PLAIN,
  name: '',
  dynamic: true,
  on_leave: 'expire',
  role: 'learner',
  mandatory: false,
  due_at: null,
  due_days: null,
  due_field: null,
  due_field_days: null,
  priority: 0,
};

/** Whether it follows changes; what does never erases, and what does not has nothing to follow. */
export const withDynamic = (policy: Policy, dynamic: boolean): Partial<Policy> => ({
  dynamic,
  ...(dynamic ? {} : PLAIN),
  ...(dynamic && policy.on_leave === 'erase' ? { on_leave: 'expire' as const } : {}),
});

export const policyOf = (method: Method): Policy => ({
  name: method.name ?? '',
  dynamic: method.dynamic,
  on_leave: method.on_leave,
  role: method.role,
  mandatory: method.mandatory,
  due_at: method.due_at ?? null,
  due_days: method.due_days ?? null,
  due_field: method.due_field ?? null,
  due_field_days: method.due_field_days ?? null,
  priority: method.priority ?? 0,
  follow: method.follow,
  reenter: method.reenter,
  reenter_days: method.reenter_days ?? null,
  starts_at: method.starts_at ?? null,
  ends_at: method.ends_at ?? null,
});
