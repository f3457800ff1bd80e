import School from '@lucide/svelte/icons/school';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';
import Card from '../segment/Card.svelte';
import { form } from './form';

export const making: Making = {
  card: Card,
  form,
  preset: {
    name: m.class_kind_new,
    line: m.class_kind_line,
    icon: School,
    sides: ['session'],
  },
};
