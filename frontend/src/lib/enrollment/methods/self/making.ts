import KeyRound from '@lucide/svelte/icons/key-round';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';
import Card from './Card.svelte';
import { form } from './form';

export const making: Making = {
  card: Card,
  form,
  preset: {
    name: m.method_self_new,
    line: m.method_self_line,
    icon: KeyRound,
    sides: ['activity', 'session'],
  },
};
