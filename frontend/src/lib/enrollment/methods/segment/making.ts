import Filter from '@lucide/svelte/icons/filter';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';
import Card from './Card.svelte';
import { form } from './form';

export const making: Making = {
  card: Card,
  form,
  preset: {
    name: m.method_segment_new,
    line: m.method_segment_line,
    icon: Filter,
    sides: ['activity', 'session'],
  },
};
