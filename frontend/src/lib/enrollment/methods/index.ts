/** Every kind of method that the server knows. One that has no folder here does not compile. */
import { audience } from './audience';
import { catalog } from './catalog';
import { chain } from './chain';
import { group } from './group';
import { manual } from './manual';
import type { Kind, MethodKind } from './method-kind';
import { segment } from './segment';
import { segment_group } from './segment_group';
import { self } from './self';
import { subpath } from './subpath';

const KINDS: { [K in Kind]: MethodKind & { kind: K } } = {
  audience,
  manual,
  group,
  segment,
  segment_group,
  self,
  chain,
  subpath,
  catalog,
};

export const methodKindOf = (kind: Kind): MethodKind => KINDS[kind];
