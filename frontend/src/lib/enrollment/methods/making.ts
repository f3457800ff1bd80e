/** How methods are made, by their kinds; a kind that is absent cannot be made yet. */
import type { Method } from '$lib/api';
import { making as audience } from './audience/making';
import { making as chain } from './chain/making';
import { making as group } from './group/making';
import type { Making, MethodForm, Preset, Side } from './making-kind';
import { making as manual } from './manual/making';
import type { Kind } from './method-kind';
import { making as segment } from './segment/making';
import { making as segment_group } from './segment_group/making';
import { making as self } from './self/making';
import { making as subpath } from './subpath/making';

const MAKING: { [K in Kind]?: Making } = {
  audience,
  manual,
  group,
  segment,
  segment_group,
  self,
  chain,
  subpath,
};

export const makingOf = (kind: Kind): Making | undefined => MAKING[kind];

/** The form in which a method is changed; the builder changes the others. */
export function formOf(method: Pick<Method, 'kind'>): MethodForm | undefined {
  const form = method.kind ? MAKING[method.kind]?.form : undefined;
  return form?.onlyNew ? undefined : form;
}

/** What can be offered from a side, of the kinds that the reader may make there. */
export const presetsFor = (side: Side, kinds: readonly Kind[]): { kind: Kind; preset: Preset }[] =>
  (Object.keys(MAKING) as Kind[]).flatMap((kind) => {
    const preset = MAKING[kind]?.preset;
    return preset?.sides.includes(side) && kinds.includes(kind) ? [{ kind, preset }] : [];
  });
