import { NEW_POLICY, policyOf } from '../../policy/policy';
import { methodForm, type MethodDraft } from '../making-kind';

export interface SegmentDraft extends MethodDraft {
  /** The segment's id as text; empty until one is chosen. */
  segment: string;
  /** The class that its people are kept in; empty is none. */
  courseGroup: string;
  active: boolean;
  visible: boolean;
}

export const form = methodForm<SegmentDraft>({
  begin: (method) => ({
    segment: String(method?.segment_id ?? ''),
    courseGroup: String(method?.course_group_id ?? ''),
    active: method?.active ?? true,
    visible: method?.visible ?? true,
    policy: method ? policyOf(method) : NEW_POLICY,
  }),
  target: ({ segment, courseGroup, active, visible }) =>
    segment === ''
      ? null
      : {
          segment_id: Number(segment),
          course_group_id: courseGroup === '' ? null : Number(courseGroup),
          active,
          visible,
        },
  fields: () => import('./Fields.svelte'),
});
