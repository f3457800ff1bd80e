/** How long a server that is gone is left alone between two looks. */
const LOOK_AGAIN_MS = 3_000;

/** Answers of what stands in front of a Muster that is not there. */
const GATEWAY = [502, 504];

/** Whether requests are answered: a socket may live on while every list "cannot be reached". */
export class Reach {
  /** When requests stopped being answered; `null` while they are. */
  lostSince = $state.raw<Date | null>(null);
  /** Requests that wait because the server is behind its own changes. */
  waiting = $state(0);

  #look: () => Promise<Response>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(look: () => Promise<Response>) {
    this.#look = look;
  }

  /** Sends a request and takes note of whether anybody answered. */
  async through(send: () => Promise<Response>, signal: AbortSignal): Promise<Response> {
    try {
      const response = await send();
      if (GATEWAY.includes(response.status)) this.#lost();
      else this.#found();
      return response;
    } catch (error) {
      if (!signal.aborted) this.#lost();
      throw error;
    }
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
    this.#timer = setTimeout(() => void this.#lookAgain(), LOOK_AGAIN_MS);
  }

  async #lookAgain(): Promise<void> {
    const answered = await this.#look().then(
      (response) => !GATEWAY.includes(response.status),
      () => false,
    );
    if (answered) this.#found();
    else this.#lost();
  }
}

export const reach = new Reach(() => globalThis.fetch('/api/health'));
