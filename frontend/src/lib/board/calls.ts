import { get, post, type Enrollment, type Id, type Page, type Session } from '$lib/api';
import type { Happening, TimelinePoint } from './types';

/** A wall of more cards than this is no longer looked at: the rest comes with the search. */
const MOST_CARDS = 200;

export type BoardSession = Session & { activity_title?: string };

export const mySessions = (signal?: AbortSignal) =>
  get<Page<BoardSession>>('/me/sessions', { limit: MOST_CARDS }, signal);
export const timeline = (session: Id, days: number, signal?: AbortSignal) =>
  get<TimelinePoint[]>(`/sessions/${session}/timeline`, { days }, signal);
export const happenings = (session: Id, limit: number, signal?: AbortSignal) =>
  get<{ items: Happening[] }>(`/sessions/${session}/happenings`, { limit }, signal);
export const extendTo = (enrollment: Id, due_at: string) =>
  post<Enrollment>(`/enrollments/${enrollment}/extend`, { due_at });
export const unenroll = (enrollment: Id, reason: string) =>
  post<unknown>(`/enrollments/${enrollment}/unenroll`, { reason });
