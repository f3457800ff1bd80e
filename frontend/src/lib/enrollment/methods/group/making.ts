import Network from '@lucide/svelte/icons/network';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';
import Card from './Card.svelte';
import { form } from './form';

export const making: Making = {
  card: Card,
  form,
  preset: {
    name: m.method_group_new,
    line: m.method_group_line,
    icon: Network,
    sides: ['group', 'activity', 'session'],
  },
};
