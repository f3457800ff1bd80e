import {
  CLOSE_FORBIDDEN,
  CLOSE_NOT_SIGNED_IN,
  CLOSE_TOO_MANY,
  type ClientFrame,
  type EventFrame,
  type LiveProblem,
  type ServerFrame,
  type StateFrame,
  type StateOf,
  type Topic,
} from './protocol';
import type { Day, Id, Preview, Rule } from '$lib/api';

export type Connection = 'idle' | 'connecting' | 'open' | 'lost' | 'refused';

export interface Watcher<T extends Topic> {
  state(data: StateOf<T>, frame: StateFrame): void;
  event?(frame: EventFrame): void;
  problem?(problem: LiveProblem): void;
}

export interface PreviewWatcher {
  counts(preview: Preview): void;
  problem?(problem: LiveProblem): void;
}

/** What the client needs from its surroundings; the browser's own by default. */
export interface Environment {
  open(): WebSocket;
  now(): number;
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface Listener {
  connection(state: Connection): void;
  lag(ms: number): void;
  notSignedIn(): void;
}

const PING_EVERY_MS = 15_000;
/** No answer to a ping for this long: the connection is dead although no close arrived. */
const PONG_WITHIN_MS = 10_000;
const FIRST_RETRY_MS = 300;
const LONGEST_RETRY_MS = 15_000;
/** After "too many" a quick return would only be refused again. */
const RETRY_WHEN_TOO_MANY_MS = 30_000;

type Subscription = {
  frame: ClientFrame & { id: string };
  receive(frame: ServerFrame): void;
};
/** The status of what a server cannot answer yet, and how long it is left alone then. */
const BUSY = 503;
const BUSY_AGAIN_MS = 1_000;

/**
 * The one socket of the application. It opens with the first subscription, asks for all of them again after every
 * reconnect (the server answers each with its full state), and closes itself when there are none left.
 */
export class LiveClient {
  #subscriptions = new Map<string, Subscription>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: unknown = null;
  #ping: unknown = null;
  #pong: unknown = null;
  #pingedAt = 0;
  #lastId = 0;
  #environment: Environment;
  #listener: Listener;

  constructor(listener: Listener, environment: Environment = browser()) {
    this.#listener = listener;
    this.#environment = environment;
  }

  /**
   * Follows a topic; the answer ends it. The first state arrives as soon as the server has it. `editing`: who follows the
   * editors of a method is one of them.
   */
  watch<T extends Topic>(topic: T, watcher: Watcher<T>, editing = false): () => void {
    const id = this.#newId();
    return this.#subscribe({
      frame: { type: 'watch', id, topic, ...(editing ? { editing } : {}) },
      receive: (frame) => {
        if (frame.type === 'state') watcher.state(frame.data as StateOf<T>, frame);
        else if (frame.type === 'event') watcher.event?.(frame);
        else if (frame.type === 'error') watcher.problem?.(frame.problem);
      },
    });
  }

  /**
   * Counts a draft rule and keeps counting it as people change. Calling again with the same `id` replaces the rule;
   * answers to the old one that are still under way cannot be told apart on the wire and are followed by the new one.
   */
  preview(id: string, rule: Rule, session_id: Id | undefined, watcher: PreviewWatcher, at?: Day): () => void {
    const frame: ClientFrame & { id: string } = { type: 'preview', id, rule };
    if (session_id !== undefined) frame.session_id = session_id;
    if (at !== undefined) frame.at = at;
    return this.#subscribe({
      frame,
      receive: (answer) => {
        if (answer.type === 'counts') watcher.counts(answer);
        else if (answer.type === 'error') watcher.problem?.(answer.problem);
      },
    });
  }

  /** Tries again at once, for instance when the network came back or someone signed in. */
  reconnect(): void {
    if (this.#socket?.readyState === WebSocket.OPEN || this.#subscriptions.size === 0) return;
    this.#attempt = 0;
    this.#open();
  }

  close(): void {
    this.#subscriptions.clear();
    this.#drop();
    this.#listener.connection('idle');
  }

  #newId(): string {
    this.#lastId += 1;
    return `w${this.#lastId}`;
  }

  #subscribe(subscription: Subscription): () => void {
    const { id } = subscription.frame;
    this.#subscriptions.set(id, subscription);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#send(subscription.frame);
    else if (!this.#socket && this.#retry === null) this.#open();
    return () => {
      if (this.#subscriptions.get(id) !== subscription) return;
      this.#subscriptions.delete(id);
      this.#send({ type: 'unwatch', id });
    };
  }

  #open(): void {
    this.#drop();
    this.#listener.connection('connecting');
    const socket = this.#environment.open();
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#listener.connection('open');
      for (const { frame } of this.#subscriptions.values()) this.#send(frame);
      this.#sendPing();
    };
    socket.onmessage = (message) => this.#receive(message.data as string);
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#closed(event.code);
    };
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'pong') {
      this.#environment.clearTimeout(this.#pong);
      this.#pong = null;
      this.#listener.lag(Math.round(this.#environment.now() - this.#pingedAt));
      return;
    }
    const subscription = frame.id === null ? undefined : this.#subscriptions.get(frame.id);
    subscription?.receive(frame);
    if (subscription && frame.type === 'error' && frame.problem.status === BUSY) this.#askLater(subscription);
  }

  /** A server that catches up has nothing to say yet; nobody has to ask again by hand. */
  #askLater(subscription: Subscription): void {
    const { frame } = subscription;
    this.#environment.setTimeout(() => {
      if (this.#subscriptions.get(frame.id) !== subscription) return;
      if (frame.type === 'watch') this.#send({ type: 'unwatch', id: frame.id });
      this.#send(frame);
    }, BUSY_AGAIN_MS);
  }

  #sendPing(): void {
    this.#pingedAt = this.#environment.now();
    this.#send({ type: 'ping' });
    this.#pong = this.#environment.setTimeout(() => this.#closed(0), PONG_WITHIN_MS);
    this.#ping = this.#environment.setTimeout(() => this.#sendPing(), PING_EVERY_MS);
  }

  #closed(code: number): void {
    this.#drop();
    if (code === CLOSE_NOT_SIGNED_IN || code === CLOSE_FORBIDDEN) {
      this.#listener.connection('refused');
      if (code === CLOSE_NOT_SIGNED_IN) this.#listener.notSignedIn();
      return;
    }
    this.#listener.connection('lost');
    if (this.#subscriptions.size === 0) return;
    this.#retry = this.#environment.setTimeout(() => this.#open(), this.#pause(code));
    this.#attempt += 1;
  }

  /** Doubling with full jitter, so that a restarted server is not met by everyone at once. */
  #pause(code: number): number {
    if (code === CLOSE_TOO_MANY) return RETRY_WHEN_TOO_MANY_MS * (1 + this.#environment.random());
    const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempt);
    return ceiling * (0.25 + 0.75 * this.#environment.random());
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #drop(): void {
    for (const timer of [this.#retry, this.#ping, this.#pong]) this.#environment.clearTimeout(timer);
    this.#retry = this.#ping = this.#pong = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
  }
}

function browser(): Environment {
  return {
    open: () => {
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      return new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    },
    now: () => performance.now(),
    random: () => Math.random(),
    setTimeout: (run, ms) => window.setTimeout(run, ms),
    clearTimeout: (timer) => {
      if (timer !== null) window.clearTimeout(timer as number);
    },
  };
}
