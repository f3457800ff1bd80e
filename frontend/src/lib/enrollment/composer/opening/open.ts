import { setParameters } from '$lib/shell/page/address.svelte';
import { encode, type Opening } from './opening';

/** The place in the address that opens the composer on whatever page one is. */
export const ENROLL = 'enroll';

export const openComposer = (opening: Opening = {}): void =>
  setParameters({ [ENROLL]: encode(opening) }, true);
