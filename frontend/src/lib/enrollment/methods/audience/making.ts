import ListFilter from '@lucide/svelte/icons/list-filter';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';

export const making: Making = {
  preset: {
    name: m.method_audience_new,
    line: m.method_audience_line,
    icon: ListFilter,
    sides: ['activity', 'session'],
  },
};
