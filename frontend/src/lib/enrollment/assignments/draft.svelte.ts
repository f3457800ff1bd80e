/** What the dialog edits: which groups, what they give access to, and on which terms. */
import { isProblem, type Change, type Id, type NewAssignment } from '$lib/api';
import type { SessionChoice, TargetKey } from '../composer/draft.svelte';
import { NEW_POLICY, type Policy } from '../policy/policy';
import type { Side } from './calls';

/** As many as the server does in one act. */
export const MOST_ASSIGNMENTS = 1000;

const idOf = (key: TargetKey): Id => Number(key.slice(key.indexOf('-') + 1));

export class AssignDraft {
  groups = $state<string[]>([]);
  targets = $state<TargetKey[]>([]);
  /** The session that was chosen where an activity has several open ones, and those to choose from. */
  chosen = $state<Record<TargetKey, string>>({});
  choices = $state.raw<Record<TargetKey, SessionChoice[]>>({});
  /** The activity of which no session is open. */
  lacking = $state<TargetKey | null>(null);
  subgroups = $state(true);
  policy = $state<Policy>({ ...NEW_POLICY });

  constructor(side: Side) {
    if ('group' in side) this.groups = [String(side.group)];
    else this.targets = [`activity-${side.activity}`];
  }

  get count(): number {
    return this.groups.length * this.targets.length;
  }

  get changes(): Change[] {
    if (this.count === 0 || this.count > MOST_ASSIGNMENTS) return [];
    return [{ act: 'assignments', add: this.#rows() }];
  }

  #rows(): NewAssignment[] {
    const { role, mandatory, due_at, due_days, due_field, due_field_days, priority, on_leave } = this.policy;
    return this.groups.flatMap((group) =>
      this.targets.map((key) => ({
        group_id: Number(group),
        ...this.#target(key),
        subgroups: this.subgroups,
        ...(role === NEW_POLICY.role ? {} : { role }),
        ...(mandatory ? { mandatory } : {}),
        ...(due_at === null ? {} : { due_at }),
        ...(due_days === null ? {} : { due_days }),
        ...(due_field === null ? {} : { due_field, due_field_days }),
        ...(priority === NEW_POLICY.priority ? {} : { priority }),
        ...(on_leave === NEW_POLICY.on_leave ? {} : { on_leave }),
      })),
    );
  }

  #target(key: TargetKey): Pick<NewAssignment, 'session_id' | 'activity_id' | 'qualification_id'> {
    if (key.startsWith('qualification')) return { qualification_id: idOf(key) };
    const session = this.chosen[key];
    if (session) return { session_id: Number(session) };
    return key.startsWith('session') ? { session_id: idOf(key) } : { activity_id: idOf(key) };
  }

  /** Whether the error asks which session is meant; which ones there are is kept then. */
  takeChoice(error: unknown): boolean {
    if (!isProblem(error) || !error.type.endsWith('choose_session')) return false;
    const { sessions = [] } = error.body as { sessions?: SessionChoice[] };
    const row = /add\[(\d+)\]/.exec(error.errors[0]?.path ?? '')?.[1];
    const key = row === undefined ? undefined : this.targets[Number(row) % this.targets.length];
    if (key === undefined) return false;
    if (sessions.length === 0) {
      this.lacking = key;
      return false;
    }
    this.choices = { ...this.choices, [key]: sessions };
    return true;
  }

  /** Whether a session has still to be chosen. */
  get choosing(): boolean {
    return this.targets.some((key) => this.choices[key] !== undefined && !this.chosen[key]);
  }
}
