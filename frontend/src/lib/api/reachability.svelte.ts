import { SvelteSet } from 'svelte/reactivity';

/** How long a server that is gone is left alone between two looks. */
const PROBE_AFTER_MS = 3_000;

/** Answers of what stands in front of a Muster that is not there. */
const GATEWAY = [502, 504];

/** What is asked by POST because the question is too long for an address. */
const LONG_QUESTION = /\/(audiences\/\w+|plan)$/;

/** Whether requests are answered: a socket may live on while every list "cannot be reached". */
export class Reachability {
  /** When requests stopped being answered; `null` while they are. */
  lostSince = $state.raw<Date | null>(null);
  /** Requests that wait because the server is behind its own changes. */
  waiting = $state(0);
  /** What the page has asked for in vain: others may be answered meanwhile, but what it shows is not the latest. */
  #questions = new SvelteSet<string>();

  #look: () => Promise<Response>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(look: () => Promise<Response>) {
    this.#look = look;
  }

  /** Whether what the page shows may be older than it looks. */
  get unanswered(): boolean {
    return this.#questions.size > 0;
  }

  /** Sends a request and takes note of whether anybody answered it. */
  async through(request: Request, send: () => Promise<Response>): Promise<Response> {
    const question = questionOf(request);
    try {
      const response = await send();
      if (GATEWAY.includes(response.status)) this.#lost();
      else this.#found();
      if (question) this.#note(question, response);
      return response;
    } catch (error) {
      if (!request.signal.aborted) {
        this.#lost();
        if (question) this.#questions.add(question);
      }
      throw error;
    }
  }

  /** Another page opens: what the last one asked for is of no interest any more. */
  leavePage(): void {
    this.#questions.clear();
  }

  #note(question: string, response: Response): void {
    // Who is told when to ask again does so: see `waiting`.
    const later = response.status === 503 && response.headers.has('retry-after');
    if (response.status >= 500 && !later) this.#questions.add(question);
    else this.#questions.delete(question);
  }

  #found(): void {
    clearTimeout(this.#timer);
    this.lostSince = null;
  }

  #lost(): void {
    // It is replaced, never changed.
    // eslint-disable-next-line svelte/prefer-svelte-reactivity
    this.lostSince ??= new Date();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probeAgain(), PROBE_AFTER_MS);
  }

  async #probeAgain(): Promise<void> {
    const answered = await this.#look().then(
      (response) => !GATEWAY.includes(response.status),
      () => false,
    );
    if (answered) this.#found();
    else this.#lost();
  }
}

/** What a request asks, whatever the filters are; `null` for what changes something, where the act tells of its failure. */
function questionOf(request: Request): string | null {
  const { pathname } = new URL(request.url);
  return request.method === 'GET' || LONG_QUESTION.test(pathname) ? pathname : null;
}

export const reachability = new Reachability(() => globalThis.fetch('/api/health'));
