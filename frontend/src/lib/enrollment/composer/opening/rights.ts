/** Who enrolls others, so that nothing is offered that would be refused. */
import { me } from '$lib/access/me.svelte';

/** Whether managers enroll here, and the reader is one. */
export const enrollsTeam = (): boolean =>
  me.is('manager') && (me.isAdmin || (me.current?.organisation.managers_enroll ?? false));

export const mayEnroll = (): boolean => me.is('admin', 'group_admin', 'coach', 'instructor') || enrollsTeam();

/** Whether the reader enrolls their team and nobody else. */
export const enrollsTeamOnly = (): boolean =>
  enrollsTeam() && !me.is('admin', 'group_admin', 'coach', 'instructor');
