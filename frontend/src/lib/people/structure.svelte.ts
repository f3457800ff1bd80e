import { createQuery } from '@tanstack/svelte-query';
import { me } from '$lib/access/me.svelte';
import type { Field, Group } from '$lib/api';
import { followList } from '$lib/live/socket/follow-list.svelte';
import * as groupsCalls from '$lib/groups/calls';
import * as peopleCalls from './calls';

const LARGEST = 1000;
/** One page is cheap to read again while somebody looks; a tree of thousands is not. */
const OFTEN_MS = 2_000;
const SELDOM_MS = 60_000;

/** The fields of learners, while a component initialises. */
export function fieldsQuery() {
  return createQuery(() => ({
    queryKey: ['fields'],
    queryFn: async ({ signal }): Promise<Field[]> => (await peopleCalls.fields(signal)).items,
    staleTime: 60_000,
  }));
}

/** Every group, read page by page: the tree needs them all. `ended`: those that have ended alone. */
export function groupsQuery(ended: () => boolean = () => false) {
  const query = createQuery(() => ({
    queryKey: ['groups', ended()],
    queryFn: async ({ signal }): Promise<Group[]> => {
      const all: Group[] = [];
      let cursor: string | undefined;
      do {
        const page = await groupsCalls.groups({ ended: ended(), limit: LARGEST, cursor }, signal);
        all.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return all;
    },
    staleTime: 30_000,
  }));
  followList(
    () => 'groups',
    () => void query.refetch(),
    () => ((query.data?.length ?? 0) <= LARGEST ? OFTEN_MS : SELDOM_MS),
  );
  return query;
}

/** The groups the reader is in, and what they are there. */
export function ownGroups() {
  return createQuery(() => ({
    queryKey: ['own-groups', me.current?.learner.id],
    queryFn: async ({ signal }) => (await peopleCalls.learner(me.current!.learner.id, signal)).groups,
    enabled: me.current !== null && !me.isAdmin,
    staleTime: 60_000,
  }));
}
