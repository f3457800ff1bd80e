import type { Kind, MethodKind } from './method-kind';

/** Kinds that follow a rule: its sentence says who they hold. */
export const ruleKind = <K extends Kind>(kind: K, name: () => string): MethodKind & { kind: K } => ({
  kind,
  name,
  ends: 'by its rule',
});
