/** The one way to the API: typed by the OpenAPI document, which `npm run openapi` turns into `schema.d.ts`. */
import createClient from 'openapi-fetch';
import { getLocale } from '$lib/paraglide/runtime';
import { ApiProblem, type ProblemBody } from './problem';
import { reachability } from './reachability.svelte';
import type { paths } from './schema';

export type QueryValue = string | number | boolean | null | undefined | (string | number)[];

/**
 * What may be asked of a list: the names are the document's. Values come from addresses as well, where everything is
 * text, so the server judges them; empty ones are not sent.
 */
export type QueryOf<P extends keyof paths> = { [K in keyof DocumentedQuery<P>]?: QueryValue };
type DocumentedQuery<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } }
  ? NonNullable<Q>
  : never;

type Outcome = { data?: unknown; error?: unknown; response: Response };
type DataOf<R extends Outcome> = R extends { data: infer D; error?: never } ? D : never;

/** Routes on which "not signed in" is an answer like any other. */
const ANONYMOUS = ['/api/v1/auth/me', '/api/v1/auth/login', '/api/v1/auth/invitations/{token}'];

let onUnauthorized: () => void = () => {};

/** What to do when a request finds that nobody is signed in any more. */
export function whenUnauthorized(handler: () => void): void {
  onUnauthorized = handler;
}

export const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  credentials: 'same-origin',
  fetch: patiently,
  querySerializer: queryString,
});

client.use({
  onRequest({ request }) {
    request.headers.set('accept', 'application/json');
    // Sentences come in the language chosen here, which need not be the browser's.
    request.headers.set('accept-language', getLocale());
    if (request.method !== 'GET' && !request.headers.has('idempotency-key'))
      request.headers.set('idempotency-key', newKey());
  },
  async onResponse({ response, schemaPath }) {
    if (response.ok) return;
    if (response.status === 401 && !ANONYMOUS.includes(schemaPath)) onUnauthorized();
    throw new ApiProblem(response.status, await problemIn(response));
  },
  onError({ error, request }) {
    if (request.signal.aborted) return;
    return new ApiProblem(0, { title: error instanceof Error ? error.message : String(error) });
  },
});

/** How often a server that asks for patience is asked again: it is seconds behind after a large run, minutes after a load. */
const MOST_REPEATS = 300;

/** Nothing has been done where the answer is "not now"; with their key even writes can be repeated. */
async function patiently(request: Request): Promise<Response> {
  let waiting = false;
  try {
    for (let repeats = 0; ; repeats += 1) {
      const response = await reachability.through(request, () => globalThis.fetch(request.clone()));
      const pause = Number(response.headers.get('retry-after'));
      if (response.status !== 503 || !pause || repeats === MOST_REPEATS || request.signal.aborted)
        return response;
      // Most are seconds behind at most; only who waits longer is told.
      if (!waiting && repeats > 0) {
        reachability.waiting += 1;
        waiting = true;
      }
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  } finally {
    if (waiting) reachability.waiting -= 1;
  }
}

/**
 * The decoded answer of a call (`undefined` for an empty one). Every other answer than 2xx, and no answer at all
 * (status 0), is thrown as an `ApiProblem`; an abort is rethrown.
 */
export async function answer<R extends Outcome>(call: Promise<R>): Promise<DataOf<R>> {
  return (await call).data as DataOf<R>;
}

/** `query` in the types of the document. */
export const toQuery = <P extends keyof paths>(query: QueryOf<P>) => query as DocumentedQuery<P>;

/** The version a change was made on; a stale one answers 409. */
export const ifMatch = (version: number | undefined): Record<string, string> =>
  version === undefined ? {} : { 'if-match': String(version) };

/** Repeat the key to repeat the same write safely; a fresh one is made when absent. */
export const idempotencyKey = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { 'idempotency-key': key };

export function queryString(query: object): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query) as [string, QueryValue][]) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, String(one));
  }
  return parameters.toString();
}

async function problemIn(response: Response): Promise<ProblemBody> {
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === 'object' && body !== null ? body : { title: response.statusText };
}

export function newKey(): string {
  // `randomUUID` exists only on secure origins, and Muster is often tried over plain HTTP on a local name.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
