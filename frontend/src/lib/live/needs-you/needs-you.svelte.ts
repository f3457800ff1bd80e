import { answer, client, type Id, type NeedKind, type Role } from '$lib/api';
import { me } from '$lib/access/me.svelte';
import { live } from '$lib/live';

/** Those for whom something can wait. */
export const DECIDERS: Role[] = ['admin', 'group_admin', 'coach', 'instructor'];

export const needsOf = (kind: NeedKind, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/needs-you/{kind}', { params: { path: { kind } }, signal }));

/** A jump of an audience's size is right. */
export const dismissJump = (jump_id: Id) =>
  answer(client.POST('/api/v1/audiences/jumps/{jump_id}/dismiss', { params: { path: { jump_id } } }));

/** How much waits for the reader, by kind, as the socket tells it; for use while a component initialises. */
export function followNeeds() {
  let counts = $state.raw<Partial<Record<NeedKind, number>>>({});
  const decides = $derived(me.current?.roles.some((role) => DECIDERS.includes(role)) ?? false);
  $effect(() => {
    if (!decides) return;
    return live.watch('me', { state: (mine) => (counts = mine.needs_you ?? {}) });
  });
  return {
    get counts() {
      return counts;
    },
    get total() {
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
  };
}
