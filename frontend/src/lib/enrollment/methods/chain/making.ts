import Link2 from '@lucide/svelte/icons/link-2';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';
import Card from './Card.svelte';
import { form } from './form';

export const making: Making = {
  card: Card,
  form,
  preset: {
    name: m.method_chain_new,
    line: m.method_chain_line,
    icon: Link2,
    sides: ['activity', 'session'],
  },
};
