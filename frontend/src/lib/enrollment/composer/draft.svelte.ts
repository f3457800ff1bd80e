/** What the composer edits: who, in what, and how. */
import type { EnrollmentRequest, Id } from '$lib/api';
import { NEW_POLICY, saidOf, type Policy } from '../policy/policy';
import { chainTarget, NEW_CHAIN, type ChainTerms } from '../methods/chain/terms';
import type { Opening } from './opening/opening';

export type Who = 'people' | 'group' | 'segment' | 'emails' | 'chain' | 'rule' | 'sheet';

/** A session, an activity or, where groups are given something, a qualification, as the boxes keep it: `session-7`, `activity-9`. */
export type TargetKey = `session-${Id}` | `activity-${Id}` | `qualification-${Id}`;

type Target = EnrollmentRequest['targets'][number];

export interface SessionChoice {
  id: Id;
  name: string;
}

/** In what, as its boxes edit it. */
export interface TargetDraft {
  targets: TargetKey[];
  chosen: Record<TargetKey, string>;
  readonly choices: Record<TargetKey, SessionChoice[]>;
}

/** As the server is asked: the session that was chosen, or the activity, which stands for its one open session. */
export function targetOf(key: TargetKey, { chosen }: TargetDraft): Target {
  const session = chosen[key];
  if (session) return { session_id: Number(session) };
  return key.startsWith('session') ? { session_id: idOf(key) } : { activity_id: idOf(key) };
}

const idOf = (key: TargetKey): Id => Number(key.slice(key.indexOf('-') + 1));
const ids = (values: string[]): Id[] => values.map(Number);

export class ComposerDraft {
  who = $state<Who>('people');
  people = $state<string[]>([]);
  group = $state('');
  segment = $state('');
  emails = $state('');
  chain = $state<ChainTerms>({ ...NEW_CHAIN });
  /** Which group people without an account join; '' for none. */
  joins = $state('');
  /** Whether those who come to a group or segment later are enrolled as well. */
  follows = $state(true);
  targets = $state<TargetKey[]>([]);
  /** The session that was chosen where an activity has several open ones. */
  chosen = $state<Record<TargetKey, string>>({});
  /** Those to choose from, as the server named them. */
  choices = $state.raw<Record<TargetKey, SessionChoice[]>>({});
  policy = $state<Policy>({ ...NEW_POLICY });
  mail = $state(true);
  /** The first day on which who is named is no longer enrolled by that; '' for good. */
  until = $state('');

  constructor(opening: Opening) {
    this.people = (opening.people ?? []).map(String);
    if (opening.group !== undefined) {
      this.who = 'group';
      this.group = String(opening.group);
    } else if (opening.segment !== undefined) {
      this.who = 'segment';
      this.segment = String(opening.segment);
    } else if (opening.after !== undefined) {
      this.who = 'chain';
      this.chain = { ...NEW_CHAIN, after: String(opening.after) };
    }
    this.targets = [
      ...(opening.activities ?? []).map((id): TargetKey => `activity-${id}`),
      ...(opening.sessions ?? []).map((id): TargetKey => `session-${id}`),
    ];
  }

  get isNamed(): boolean {
    return this.who === 'people' || this.who === 'emails';
  }

  /** Whether those who come to it later are enrolled as well. */
  get followsChanges(): boolean {
    return this.who === 'chain' || (!this.isNamed && this.follows);
  }

  /** What is asked of the server; `null` while somebody or something is missing. */
  get request(): EnrollmentRequest | null {
    const who = this.#audience();
    if (who === null || this.targets.length === 0) return null;
    return {
      ...who,
      targets: this.targets.map((key) => targetOf(key, this)),
      mail: this.mail,
      ...(this.isNamed && this.until ? { until: this.until } : {}),
      ...this.#terms(),
    };
  }

  choose(target: number, sessions: SessionChoice[]): void {
    const key = this.targets[target];
    if (key !== undefined) this.choices = { ...this.choices, [key]: sessions };
  }

  #audience(): Omit<EnrollmentRequest, 'targets'> | null {
    switch (this.who) {
      case 'people':
        return this.people.length ? { people: ids(this.people) } : null;
      case 'group':
        return this.group ? { group_id: Number(this.group), dynamic: this.follows } : null;
      case 'segment':
        return this.segment ? { segment_id: Number(this.segment), dynamic: this.follows } : null;
      case 'emails':
        return this.emails.trim()
          ? { emails: this.emails, ...(this.joins ? { group_id: Number(this.joins) } : {}) }
          : null;
      case 'chain':
        return chainTarget(this.chain);
      case 'rule':
      case 'sheet':
        return null;
    }
  }

  /** Only what differs from the usual: people by name then join the one method of those who were picked. */
  #terms(): Partial<EnrollmentRequest> {
    const { name, role, mandatory, due_at, due_days, on_leave, due_field, due_field_days, priority } =
      this.policy;
    return {
      ...(name.trim() ? { name: name.trim() } : {}),
      ...(role === NEW_POLICY.role ? {} : { role }),
      ...(mandatory ? { mandatory } : {}),
      ...(due_at === null ? {} : { due_at }),
      ...(due_days === null ? {} : { due_days }),
      ...(due_field === null ? {} : { due_field, due_field_days }),
      ...(priority === 0 ? {} : { priority }),
      ...(this.isNamed || on_leave === NEW_POLICY.on_leave ? {} : { on_leave }),
      ...(this.isNamed || !this.follows ? {} : saidOf(this.policy)),
    };
  }

  /** Those for which a sheet has a column. */
  get sessions(): Id[] {
    return this.targets.flatMap((key) => targetOf(key, this).session_id ?? []);
  }

  /** The one session of which the rule builder can be opened. */
  get onlySession(): Id | null {
    const [key, ...more] = this.targets;
    if (key === undefined || more.length) return null;
    const session = targetOf(key, this).session_id;
    return session ?? null;
  }
}
