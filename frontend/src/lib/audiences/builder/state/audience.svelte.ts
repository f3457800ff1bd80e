import { getContext, setContext, tick } from 'svelte';
import type { Day, Id, Method, ProblemError, Session } from '$lib/api';
import { live } from '$lib/live';
import { parameter, setParameters } from '$lib/shell/page/address.svelte';
import { me } from '$lib/access/me.svelte';
import { addDays, dayIn, isDay } from '$lib/format/days';
import { parsePath, textOf } from '../core';
import { PreviewCounts, type Question } from './preview-counts.svelte';
import type { Guarded } from '../../guards/calls';
import type { Directory } from './directory.svelte';
import type { DraftEditor } from './draft-editor.svelte';
import { PlanQuery } from '$lib/enrollment/plans/plan-query.svelte';
import { planBody } from './plan-body';
import { TABS, type Tab } from './tabs';

/** How far the date slider goes to either side of today. */
export const DAYS_AROUND = 90;

const ADDRESS_AFTER_MS = 250;

/** Where an audience is used. */
export interface Setting {
  session: Session | null;
  /** The method being edited; `null` for a new one. */
  method: Method | null;
  segment_id: Id | null;
  /** The methods through which an enrollment rule enrolls. */
  linked?: Id[];
  /** The enrollment rule that it is, once it enrolls somewhere. */
  rule_id?: Id | null;
}

/** What of an editor one goes to first: its values, then its other controls. */
const FIRST_CONTROLS = [
  '[data-first]',
  'input:not([type="checkbox"])',
  'textarea',
  '.builder-add',
  'select',
  'button',
];

const KEY = Symbol('audience');

const nextFrame = () => new Promise((done) => requestAnimationFrame(done));

/** Everything the parts of the builder share: the draft, its numbers, its plan, and where one is looking. */
export class Audience {
  readonly editor: DraftEditor;
  readonly directory: Directory;
  readonly previewCounts: PreviewCounts;
  readonly planQuery: PlanQuery;
  /** Grows when others change what a plan starts from: who is enrolled by what. */
  moved = $state(0);
  /** Grows when somebody is pinned to the rule here, or no longer. */
  pinned = $state(0);
  /** Read politely to those who do not see the numbers move. */
  announcement = $state('');
  #setting: () => Setting;

  constructor(editor: DraftEditor, directory: Directory, setting: () => Setting) {
    this.editor = editor;
    this.directory = directory;
    this.#setting = setting;
    this.previewCounts = new PreviewCounts(() => this.question);
    this.planQuery = new PlanQuery(
      () => this.sessionId ?? null,
      () =>
        this.sessionId !== undefined && this.pending && editor.countable && !this.previewCounts.problem
          ? {
              body: planBody(editor.draft, this.methodId),
              moment: `${this.previewCounts.current?.preview.position} ${this.moved}`,
            }
          : null,
    );
  }

  readonly question = $derived.by((): Question | null => {
    const { counted } = this.editor;
    return (
      counted && { rule: counted, session_id: this.sessionId, at: this.at, partly: !this.editor.countable }
    );
  });

  /** Whether a plan of this has yet to be confirmed: something differs, or the method waits for somebody to decide. */
  readonly pending = $derived.by(
    () => this.editor.differs || (this.method !== null && this.method.state !== 'live'),
  );

  /** Whether part of the rule is sealed to the reader, who then cannot save it. */
  readonly sealed = $derived.by(
    () =>
      (this.method?.sealed || this.previewCounts.current?.preview.blocks.some((block) => block.sealed)) ??
      false,
  );

  /** Whether the draft can be confirmed as it stands. */
  readonly ready = $derived.by(
    () =>
      this.editor.countable &&
      !this.previewCounts.problem &&
      // What could not be planned cannot be confirmed: what is wrong stands where the numbers were.
      !this.planQuery.error &&
      !this.sealed &&
      // An enrollment rule changes its methods in all of its sessions at once.
      this.method?.enrollment_rule_id == null &&
      (!this.editor.empty || this.method !== null),
  );

  get setting(): Setting {
    return this.#setting();
  }

  get method(): Method | null {
    return this.#setting().method;
  }

  get sessionId(): Id | undefined {
    return this.#setting().session?.id;
  }

  get methodId(): Id | null {
    return this.method?.id ?? null;
  }

  /** The segment whose rule this is, which cannot hold itself. */
  get segmentId(): Id | null {
    return this.#setting().segment_id;
  }

  /** Whose versions and pins these are; null while it is not saved, or a list of people picked by hand. */
  readonly guarded = $derived.by((): Guarded | null => {
    const { session, method, segment_id, rule_id } = this.#setting();
    if (segment_id !== null) return { segment_id };
    if (rule_id != null) return { rule_id };
    if (session === null || method === null || method.hand_picked) return null;
    return { session_id: session.id, method_id: method.id };
  });

  get today(): Day {
    return dayIn(me.current?.organisation.timezone ?? 'UTC', me.now());
  }

  // Where one is looking: all of it in the address.

  /** While the slider moves the day is ahead of the address, which browsers let change only so often. */
  #sliding = $state<Day | null>(null);
  #slid: ReturnType<typeof setTimeout> | undefined;

  readonly at = $derived.by((): Day | undefined => {
    const at = this.#sliding ?? parameter('at');
    return isDay(at) && at !== this.today ? at : undefined;
  });
  readonly tab = $derived.by((): Tab => TABS.find((tab) => tab === parameter('tab')) ?? 'matching');
  readonly person = $derived(Number(parameter('person')) || null);
  readonly selectedBlock = $derived(parameter('block') === '' ? null : Number(parameter('block')));

  lookAt(offset: number): void {
    const day = addDays(this.today, offset);
    this.#sliding = day;
    clearTimeout(this.#slid);
    this.#slid = setTimeout(() => {
      setParameters({ at: day === this.today ? null : day });
      this.#sliding = null;
    }, ADDRESS_AFTER_MS);
  }

  choose(tab: Tab): void {
    setParameters({ tab: tab === 'matching' ? null : tab });
  }

  open(person: Id | null): void {
    setParameters({ person: person === null ? null : String(person) }, person !== null);
  }

  select(block: number | null): void {
    if (block !== this.selectedBlock) setParameters({ block: block === null ? null : String(block) });
  }

  /** What the server has to say about the values at `path`, `blocks[0].filters[1]`, but not about those inside it. */
  errorAt(path: string): string | undefined {
    const own = (error: ProblemError) => {
      const found = parsePath(error.path);
      if (!found) return error.path.replace(/^rule\./, '').startsWith(path);
      const place = textOf(found.at);
      return path === place || (found.rest !== '' && path === `${place}.${found.rest.replace(/\[.*/, '')}`);
    };
    return this.previewCounts.errors.find(own)?.message;
  }

  get stale(): boolean {
    return live.staleSince !== null;
  }

  /** From the reasons of a person to the part of the rule that one of them is. */
  async leadTo(target: string): Promise<void> {
    this.open(null);
    const closed = () => document.querySelector('.dialog-side') === null;
    // The panel gives the focus back as it goes.
    for (let frames = 0; frames < 60 && !closed(); frames += 1) await nextFrame();
    await nextFrame();
    await this.focus(target);
  }

  /** Puts the focus on the editor of a part of the rule; `open` unfolds its choices, for parts that were just added. */
  async focus(target: string, open = false): Promise<void> {
    const block = /^blocks\[(\d+)\]/.exec(target);
    if (block) this.select(Number(block[1]));
    await tick();
    const place = document.querySelector(`[data-target="${target}"]`);
    place?.scrollIntoView({ block: 'nearest' });
    const control = FIRST_CONTROLS.map((selector) => place?.querySelector<HTMLElement>(selector)).find(
      Boolean,
    );
    control?.focus({ preventScroll: true });
    if (open) control?.click();
  }
}

export function provideAudience(audience: Audience): Audience {
  return setContext(KEY, audience);
}

export function useAudience(): Audience {
  return getContext<Audience>(KEY);
}
