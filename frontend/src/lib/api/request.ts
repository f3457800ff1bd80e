import { getLocale } from '$lib/paraglide/runtime';
import { ApiProblem, type ProblemBody } from './problem';

export const BASE = '/api/v1';

export type QueryValue = string | number | boolean | null | undefined | (string | number)[];

export interface RequestOptions {
  query?: Record<string, QueryValue>;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** The version the change was made on; a stale one answers 409. */
  ifMatch?: number | undefined;
  /** Repeat the key to repeat the same write safely; a fresh one is made when absent. */
  idempotencyKey?: string;
  /** Leave a 401 to the caller (sign-in itself, and the question who is signed in). */
  anonymous?: boolean;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

let onUnauthorized: () => void = () => {};

/** What to do when a request finds that nobody is signed in any more. */
export function whenUnauthorized(handler: () => void): void {
  onUnauthorized = handler;
}

export function queryString(query: Record<string, QueryValue> = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, String(one));
  }
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

/**
 * Sends one request to the API and returns its decoded answer (`undefined` for an empty one).
 * Every other answer than 2xx, and no answer at all (status 0), is an `ApiProblem`. An abort is rethrown.
 */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  // Sentences come in the language chosen here, which need not be the browser's.
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': getLocale() };
  const isForm = options.body instanceof FormData;
  if (options.body !== undefined && !isForm) headers['content-type'] = 'application/json';
  if (method !== 'GET') headers['idempotency-key'] = options.idempotencyKey ?? newKey();
  if (options.ifMatch !== undefined) headers['if-match'] = String(options.ifMatch);

  let response: Response;
  try {
    response = await fetch(`${BASE}${path}${queryString(options.query)}`, {
      method,
      headers,
      credentials: 'same-origin',
      body: encode(options.body),
      signal: options.signal ?? null,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiProblem(0, { title: error instanceof Error ? error.message : String(error) });
  }
  if (response.ok) return (await decode(response)) as T;
  if (response.status === 401 && !options.anonymous) onUnauthorized();
  const body = await decode(response).catch(() => undefined);
  throw new ApiProblem(response.status, isBody(body) ? body : { title: response.statusText });
}

export const get = <T>(path: string, query?: RequestOptions['query'], signal?: AbortSignal): Promise<T> =>
  request<T>('GET', path, { ...(query ? { query } : {}), signal });
export const post = <T>(path: string, body?: unknown, options?: RequestOptions): Promise<T> =>
  request<T>('POST', path, { ...options, body });
export const patch = <T>(path: string, body: unknown, options?: RequestOptions): Promise<T> =>
  request<T>('PATCH', path, { ...options, body });
export const del = <T = void>(path: string, options?: RequestOptions): Promise<T> =>
  request<T>('DELETE', path, options);

function encode(body: unknown): BodyInit | null {
  if (body === undefined) return null;
  return body instanceof FormData ? body : JSON.stringify(body);
}

async function decode(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return undefined;
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return isJson ? JSON.parse(text) : text;
}

function isBody(body: unknown): body is ProblemBody {
  return typeof body === 'object' && body !== null;
}

function newKey(): string {
  // `randomUUID` exists only on secure origins, and Muster is often tried over plain HTTP on a local name.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
