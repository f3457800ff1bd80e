import { redirect } from '@sveltejs/kit';
import { isProblem } from '$lib/api';
import { me } from '$lib/access/me.svelte';
import type { LayoutLoad } from './$types';

export const load: LayoutLoad = async ({ url }) => {
  try {
    return { me: await me.load() };
  } catch (error) {
    if (isProblem(error) && error.status === 401)
      redirect(307, `/sign-in?return=${encodeURIComponent(url.pathname + url.search)}`);
    throw error;
  }
};
