import { getContext, setContext, tick } from 'svelte';
import type { Day, Id, Method, ProblemError, Session } from '$lib/api';
import { live } from '$lib/live';
import { parameter, setParameters } from '$lib/lists/listed.svelte';
import { me } from '$lib/me/me.svelte';
import { addDays, dayIn, isDay, parsePath, textOf } from '../core';
import { Counting, type Question } from './counting.svelte';
import type { Directory } from './directory.svelte';
import type { Editing } from './editing.svelte';
import { planBody, Planning } from './planning.svelte';
import { TABS, type Tab } from './questions';

/** How far the date slider goes to either side of today. */
export const DAYS_AROUND = 90;

const ADDRESS_AFTER_MS = 250;

/** Where an audience is used. */
export interface Setting {
  session: Session | null;
  /** The method being edited; `null` for a new one. */
  method: Method | null;
  segment_id: Id | null;
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

/** Everything the parts of the builder share: the draft, its numbers, its plan, and where one is looking. */
export class Audience {
  readonly editing: Editing;
  readonly directory: Directory;
  readonly counting: Counting;
  readonly planning: Planning;
  /** Grows when others change what a plan starts from: who is enrolled by what. */
  moved = $state(0);
  /** Read politely to those who do not see the numbers move. */
  said = $state('');
  #setting: () => Setting;

  constructor(editing: Editing, directory: Directory, setting: () => Setting) {
    this.editing = editing;
    this.directory = directory;
    this.#setting = setting;
    this.counting = new Counting(() => this.question);
    this.planning = new Planning(
      () => this.sessionId ?? null,
      () =>
        this.sessionId !== undefined && this.pending && editing.countable && !this.counting.problem
          ? {
              body: planBody(editing.draft, this.methodId),
              moment: `${this.counting.current?.preview.position} ${this.moved}`,
            }
          : null,
    );
  }

  readonly question = $derived.by((): Question | null => {
    const { counted } = this.editing;
    return (
      counted && { rule: counted, session_id: this.sessionId, at: this.at, partly: !this.editing.countable }
    );
  });

  /** Whether a plan of this has yet to be confirmed: something differs, or the method waits for somebody to decide. */
  readonly pending = $derived.by(
    () => this.editing.differs || (this.method !== null && this.method.state !== 'live'),
  );

  /** Whether part of the rule is sealed to the reader, who then cannot save it. */
  readonly sealed = $derived.by(
    () =>
      (this.method?.sealed || this.counting.current?.preview.blocks.some((block) => block.sealed)) ?? false,
  );

  /** Whether the draft can be confirmed as it stands. */
  readonly ready = $derived.by(
    () =>
      this.editing.countable &&
      !this.counting.problem &&
      // What could not be planned cannot be confirmed: what is wrong stands where the numbers were.
      !this.planning.error &&
      !this.sealed &&
      (!this.editing.empty || this.method !== null),
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
    return this.counting.errors.find(own)?.message;
  }

  get stale(): boolean {
    return live.staleSince !== null;
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
