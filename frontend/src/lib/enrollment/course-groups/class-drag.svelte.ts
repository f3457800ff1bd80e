import type { Enrollment } from '$lib/api';

/** Who is being dragged to another class, which the browser tells only at the end. */
export const classDrag = $state<{ people: Enrollment[] }>({ people: [] });
