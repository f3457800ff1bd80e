import { createQuery } from '@tanstack/svelte-query';
import { me } from '$lib/me/me.svelte';
import { LOOK_AGAIN_MS } from '$lib/lists/listed.svelte';
import { api, type Field, type Group } from '$lib/api';

const LARGEST = 1000;
const SELDOM_MS = 60_000;

/** The fields of learners, while a component initialises. */
export function fieldsQuery() {
  return createQuery(() => ({
    queryKey: ['fields'],
    queryFn: async ({ signal }): Promise<Field[]> => (await api.fields(signal)).items,
    staleTime: 60_000,
  }));
}

/** Every group, read page by page: the tree needs them all. */
export function groupsQuery() {
  return createQuery(() => ({
    queryKey: ['groups'],
    queryFn: async ({ signal }): Promise<Group[]> => {
      const all: Group[] = [];
      let cursor: string | undefined;
      do {
        const page = await api.groups({ limit: LARGEST, cursor }, signal);
        all.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return all;
    },
    staleTime: 30_000,
    // One page is cheap to read again; a tree of thousands is not.
    refetchInterval: ({ state }) => ((state.data?.length ?? 0) <= LARGEST ? LOOK_AGAIN_MS : SELDOM_MS),
  }));
}

/** The groups the reader is in, and what they are there. */
export function ownGroups() {
  return createQuery(() => ({
    queryKey: ['own-groups', me.current?.learner.id],
    queryFn: async ({ signal }) => (await api.learner(me.current!.learner.id, signal)).groups,
    enabled: me.current !== null && !me.isAdmin,
    staleTime: 60_000,
  }));
}
