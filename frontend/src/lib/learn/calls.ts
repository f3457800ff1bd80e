import { get, post, type Id, type Page } from '$lib/api';
import type { CatalogItem, Player } from './types';

export const catalog = (signal?: AbortSignal) =>
  get<Page<CatalogItem>>('/me/catalog', { limit: 1000 }, signal);
export const player = (activity: Id, signal?: AbortSignal) =>
  get<Player>(`/me/activities/${activity}`, undefined, signal);
export const startStep = (activity: Id, step: Id) =>
  post<unknown>(`/activities/${activity}/steps/${step}/start`);
export const completeStep = (activity: Id, step: Id) =>
  post<unknown>(`/activities/${activity}/steps/${step}/complete`, {});
export const selfEnroll = (session: Id, key?: string) =>
  post<unknown>(`/sessions/${session}/self-enroll`, key ? { key } : {});
