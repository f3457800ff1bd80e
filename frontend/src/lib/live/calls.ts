import { answer, client, type BoardSession, type Id } from '$lib/api';

export type { BoardSession };

/** A wall of more cards than this is no longer looked at: the rest comes with the search. */
const MOST_CARDS = 200;

export const mySessions = (signal?: AbortSignal) =>
  answer(client.GET('/api/v1/me/sessions', { params: { query: { limit: MOST_CARDS } }, signal }));
export const timeline = (session_id: Id, days: number, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/timeline', {
      params: { path: { session_id }, query: { days } },
      signal,
    }),
  );
export const happenings = (session_id: Id, limit: number, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/happenings', {
      params: { path: { session_id }, query: { limit } },
      signal,
    }),
  );
