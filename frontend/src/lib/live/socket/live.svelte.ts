import { LiveClient, type Connection, type PreviewWatcher, type Watcher } from './client';
import type { LiveProblem, EventFrame, StateOf, Topic } from './protocol';
import type { Day, Id, Rule } from '$lib/api';

/** The state of the one socket, for the connection dot and for greying stale numbers out. */
class Live {
  connection = $state<Connection>('idle');
  /** Round trip of the last ping in milliseconds. */
  lag = $state<number | null>(null);
  /** When the connection was lost; `null` while numbers are current. */
  staleSince = $state.raw<Date | null>(null);

  #client: LiveClient | null = null;
  #onNotSignedIn: () => void = () => {};

  whenNotSignedIn(handler: () => void): void {
    this.#onNotSignedIn = handler;
  }

  watch<T extends Topic>(topic: T, watcher: Watcher<T>, editing = false): () => void {
    return this.#opened().watch(topic, watcher, editing);
  }

  preview(id: string, rule: Rule, session_id: Id | undefined, watcher: PreviewWatcher, at?: Day): () => void {
    return this.#opened().preview(id, rule, session_id, watcher, at);
  }

  reconnect(): void {
    this.#client?.reconnect();
  }

  close(): void {
    this.#client?.close();
  }

  #opened(): LiveClient {
    this.#client ??= new LiveClient({
      connection: (state) => {
        this.connection = state;
        if (state === 'open' || state === 'idle') this.staleSince = null;
        else if (state === 'lost' || state === 'refused') this.staleSince ??= new Date();
      },
      lag: (ms) => (this.lag = ms),
      notSignedIn: () => this.#onNotSignedIn(),
    });
    return this.#client;
  }
}

export const live = new Live();

/**
 * The latest state of a topic, for use while a component initialises:
 * `const counts = watched(() => \`session:${id}\`)`, then `counts.data`. It follows a changing topic.
 */
export function watched<T extends Topic>(topic: () => T | null, onEvent?: (frame: EventFrame) => void) {
  let data = $state.raw<StateOf<T> | null>(null);
  let position = $state(0);
  let problem = $state.raw<LiveProblem | null>(null);
  $effect(() => {
    const current = topic();
    data = null;
    problem = null;
    if (current === null) return;
    return live.watch(current, {
      state: (next, frame) => {
        data = next;
        position = frame.position;
      },
      event: (frame) => onEvent?.(frame),
      problem: (next) => (problem = next),
    });
  });
  return {
    get data() {
      return data;
    },
    get position() {
      return position;
    },
    get problem() {
      return problem;
    },
  };
}
