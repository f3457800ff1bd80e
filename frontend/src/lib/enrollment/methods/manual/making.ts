import UserPlus from '@lucide/svelte/icons/user-plus';
import { m } from '$lib/paraglide/messages';
import type { Making } from '../making-kind';
import { form } from './form';

export const making: Making = {
  form,
  preset: {
    name: m.method_manual_new,
    line: m.method_manual_line,
    icon: UserPlus,
    sides: ['person', 'people', 'activity', 'session'],
  },
};
