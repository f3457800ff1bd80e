import type { Making } from '../making-kind';
import Card from './Card.svelte';
import { form } from './form';

/** Offered where a path's session has a step that could follow it; not among the methods of a session. */
export const making: Making = { card: Card, form };
