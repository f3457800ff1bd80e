import { me } from '$lib/access/me.svelte';
import type { SegmentFilter } from '$lib/api';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { membershipWords } from '../words';
import SegmentEditor from './SegmentEditor.svelte';

export const segment: FilterType<SegmentFilter> = {
  type: 'segment',
  editor: SegmentEditor,
  // Segments are the administrators' own; who may not read them cannot choose one.
  menu: () =>
    me.isAdmin
      ? [
          {
            section: 'organisation',
            key: 'segment',
            label: m.builder_subject_segment(),
            hint: m.builder_hint_segment(),
            make: () => ({ type: 'segment', op: 'in', segments: [] }),
          },
        ]
      : [],
  subject: () => m.builder_subject_segment(),
  words: (filter, directory) =>
    membershipWords(
      m.builder_subject_segment(),
      filter.op,
      filter.segments,
      (ref) => directory.segment(ref)?.name,
    ),
  facts: () => [],
  missing: (filter) => (filter.segments.length ? null : 'segments'),
  malformed: needsList('segments'),
  withDefaults: (filter) => ({ ...filter, op: filter.op ?? 'in' }),
};
