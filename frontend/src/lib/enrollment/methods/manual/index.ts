import { m } from '$lib/paraglide/messages';
import type { MethodKind } from '../method-kind';

export const manual = {
  kind: 'manual',
  name: m.method_manual,
  ends: 'by the organisation',
} satisfies MethodKind;
