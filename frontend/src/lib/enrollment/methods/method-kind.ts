/** What the screens say of a kind of enrollment method. A kind is a folder here, registered in `index.ts`. */
import type { MethodKind as AnyKind } from '$lib/api';

export type Kind = NonNullable<AnyKind>;

export interface MethodKind {
  kind: Kind;
  /** What a method without a name of its own is called. */
  name: () => string;
  /** Whether a learner hears what put it into their catalog when that holds no more; where a person decided, the organisation did. */
  ends: 'silently' | 'by the organisation' | 'by its rule';
  /** It enrolls nobody: it only puts people who are enrolled into a class. */
  places?: boolean;
}
