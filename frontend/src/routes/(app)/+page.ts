import { redirect } from '@sveltejs/kit';
import { startFor } from '$lib/shell/pages';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent }) => {
  const { me } = await parent();
  redirect(307, startFor(me.roles));
};
