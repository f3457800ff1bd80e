import { afterEach, describe, expect, it, vi } from 'vitest';
import * as accessCalls from '$lib/access/calls';
import * as audiencesCalls from '$lib/audiences/calls';
import * as groupsCalls from '$lib/groups/calls';
import * as peopleCalls from '$lib/people/calls';
import { queryString, whenUnauthorized } from './client';
import { ApiProblem } from './problem';
import type { PreviewRequest } from './types';

function answer(status: number, body: unknown, type = 'application/json') {
  const spy = vi.fn<typeof fetch>(
    async () =>
      new Response(body === undefined ? null : JSON.stringify(body), {
        status,
        headers: { 'content-type': type },
      }),
  );
  vi.stubGlobal('fetch', spy);
  return spy;
}

const headersOf = (spy: ReturnType<typeof answer>) => (spy.mock.calls[0]![0] as Request).headers;

afterEach(() => vi.unstubAllGlobals());

describe('requests', () => {
  it('leaves what is not asked out of the address and repeats lists', () => {
    expect(queryString({ q: 'ana maría', status: '', cursor: null, kind: ['path', 'course'] })).toBe(
      'q=ana+mar%C3%ADa&kind=path&kind=course',
    );
    expect(queryString({})).toBe('');
  });

  it('gives writes a key to repeat them by, and reads none', async () => {
    const written = answer(200, { id: 1 });
    await groupsCalls.createGroup({ name: 'Sales' });
    expect(headersOf(written).get('idempotency-key')).toMatch(/\S{16,}/);
    const read = answer(200, { id: 1 });
    await groupsCalls.group(1);
    expect(headersOf(read).get('idempotency-key')).toBeNull();
  });

  it('says which version a change was made on', async () => {
    const spy = answer(200, {});
    await peopleCalls.updateField(1, { name: 'Site' }, 4);
    expect(headersOf(spy).get('if-match')).toBe('4');
  });

  it('turns a problem into an error that knows the offending values', async () => {
    answer(
      422,
      {
        title: 'Invalid',
        status: 422,
        detail: 'The rule is not valid.',
        errors: [{ path: 'rule.blocks[0].filters[1].values', code: 'empty', message: 'Choose a value.' }],
      },
      'application/problem+json',
    );
    const problem = await audiencesCalls.preview({} as PreviewRequest).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(ApiProblem);
    const { status, message } = problem as ApiProblem;
    expect([status, message]).toEqual([422, 'The rule is not valid.']);
    expect((problem as ApiProblem).at('rule.blocks[0]')).toBe('Choose a value.');
    expect((problem as ApiProblem).at('rule.blocks[1]')).toBeUndefined();
    expect((problem as ApiProblem).at('rule.blocks[0].filters[1].value')).toBeUndefined();
  });

  it('has the problem of an unreachable server, and rethrows an abort', async () => {
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => Promise.reject(new TypeError('refused'))),
    );
    expect(await groupsCalls.groups().catch((error: ApiProblem) => error.status)).toBe(0);
    const abort = new AbortController();
    abort.abort();
    const error = await groupsCalls.groups({}, abort.signal).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
  });

  it('tells when nobody is signed in, except to who asks just that', async () => {
    const told = vi.fn();
    whenUnauthorized(told);
    answer(401, { title: 'Sign in' }, 'application/problem+json');
    await accessCalls.signIn('ana@example.org', 'wrong').catch(() => {});
    expect(told).not.toHaveBeenCalled();
    await groupsCalls.groups().catch(() => {});
    expect(told).toHaveBeenCalledOnce();
    whenUnauthorized(() => {});
  });

  it('asks again where the server says when, with the same key', async () => {
    vi.useFakeTimers();
    const told = vi.fn<typeof fetch>();
    told.mockResolvedValueOnce(new Response('{}', { status: 503, headers: { 'retry-after': '1' } }));
    told.mockResolvedValueOnce(new Response('{"id":1}', { headers: { 'content-type': 'application/json' } }));
    vi.stubGlobal('fetch', told);
    const made = groupsCalls.createGroup({ name: 'Sales' });
    await vi.runAllTimersAsync();
    expect(await made).toEqual({ id: 1 });
    const keys = told.mock.calls.map(([request]) => (request as Request).headers.get('idempotency-key'));
    expect(keys[0]).toBe(keys[1]);
    vi.useRealTimers();
  });

  it('takes an empty answer', async () => {
    answer(204, undefined);
    expect(await accessCalls.signOut()).toBeUndefined();
  });
});
