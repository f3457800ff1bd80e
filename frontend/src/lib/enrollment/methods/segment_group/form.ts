import { NEW_POLICY, policyOf } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';

export interface SegmentGroupDraft extends MethodDraft {
  /** Ids as text; empty until one is chosen. */
  segment: string;
  courseGroup: string;
}

export const form = methodForm<SegmentGroupDraft>({
  begin: (method) => ({
    segment: String(method?.segment_id ?? ''),
    courseGroup: String(method?.course_group_id ?? ''),
    policy: method ? policyOf(method) : NEW_POLICY,
  }),
  target: ({ segment, courseGroup }) =>
    segment === '' || courseGroup === ''
      ? null
      : { segment_id: Number(segment), course_group_id: Number(courseGroup) },
  fields: () => import('./Fields.svelte'),
  places: true,
  onlyDynamic: true,
});
