import { m } from '$lib/paraglide/messages';
import type { MethodKind } from '../method-kind';

export const self = {
  kind: 'self',
  name: m.method_self,
  ends: 'silently',
} satisfies MethodKind;
