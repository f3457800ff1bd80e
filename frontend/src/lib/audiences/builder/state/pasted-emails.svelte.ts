import { untrack } from 'svelte';
import { isProblem, type EmailKind, type EmailPlan, type Id } from '$lib/api';
import * as enrollmentCalls from '$lib/enrollment/calls';
import { queries } from '$lib/api/queries';
import { toasts } from '$lib/design';
import { m } from '$lib/paraglide/messages';

const PAUSE_MS = 300;

/** Whose address can stand in a rule: those with an account that may be enrolled, now or once they are free. */
export const hasAccount = (kind: EmailKind) => kind === 'known' || kind === 'other_session';

/** Pasted addresses, sorted while one types, and enrolled once their sorting has been confirmed. */
export class PastedEmails {
  text = $state('');
  /** Which group new people join; '' for none. */
  group = $state('');
  plan = $state.raw<EmailPlan | null>(null);
  error = $state.raw<unknown>(null);
  /** Whether `plan` is not of what is on screen: confirming it would confirm something else. */
  loading = $state(false);
  /** The sorting that was to be confirmed no longer held; `plan` is the new one. */
  changed = $state(false);

  /** Those with an account (a repeated address is a `duplicate`): who can be put into the rule. */
  readonly ids = $derived.by((): Id[] => {
    const found = this.plan?.items.flatMap((item) =>
      hasAccount(item.kind) && item.learner_id ? [item.learner_id] : [],
    );
    return found ?? [];
  });
  /** How many confirming would enroll. */
  readonly people = $derived.by(() => (this.plan ? this.plan.known + this.plan.new : 0));

  readonly #session: () => Id | undefined;

  /** Sorts while a component lives; `session` is where people would be enrolled. */
  constructor(session: () => Id | undefined) {
    this.#session = session;
    let typed = '';
    $effect(() => {
      const id = session();
      const text = this.text.trim();
      const group = this.group;
      this.changed = false;
      this.loading = id !== undefined && text !== '';
      if (id === undefined || text === '') {
        this.plan = this.error = null;
        return;
      }
      const abort = new AbortController();
      // Addresses are typed letter by letter, groups are chosen.
      const pause = text === typed ? 0 : PAUSE_MS;
      typed = text;
      const timer = setTimeout(() => untrack(() => void this.#sort(id, text, group, abort.signal)), pause);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  clear(): void {
    this.text = this.group = '';
  }

  /** Confirms the sorting on screen. False where it was refused, for a reason that is shown. */
  async enroll(): Promise<boolean> {
    const session = this.#session();
    if (session === undefined || this.plan === null) return false;
    const { hash } = this.plan;
    this.error = null;
    try {
      const done = await enrollmentCalls.emails(session, {
        ...this.#body(this.text.trim(), this.group),
        hash,
      });
      void queries.invalidateQueries();
      this.#tell(session, done);
      return true;
    } catch (error) {
      const newer =
        isProblem(error) && error.status === 409 ? (error.body as { plan?: EmailPlan }).plan : null;
      if (newer) {
        this.plan = newer;
        this.changed = true;
      } else this.error = error;
      return false;
    }
  }

  #tell(session: Id, done: EmailPlan): void {
    const { run_id: run } = done;
    toasts.show(m.builder_paste_done({ count: done.entered }), {
      tone: 'enter',
      link: { href: `/sessions/${session}`, label: m.builder_see_session() },
      ...(run === null
        ? {}
        : {
            undo: async () => {
              await enrollmentCalls.undoRun(run);
              void queries.invalidateQueries();
              if (done.created) toasts.show(m.builder_paste_undo());
            },
          }),
    });
  }

  async #sort(id: Id, text: string, group: string, signal: AbortSignal): Promise<void> {
    try {
      this.plan = await enrollmentCalls.emails(id, this.#body(text, group), signal);
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      this.plan = null;
    } finally {
      if (!signal.aborted) this.loading = false;
    }
  }

  #body(text: string, group: string) {
    return { text, group_id: group === '' ? null : Number(group) };
  }
}
