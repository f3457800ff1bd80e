import { answer, client, type Id, type Placed } from '$lib/api';

const one = (session_id: Id, course_group_id: Id) => ({ params: { path: { session_id, course_group_id } } });

export const courseGroups = (session_id: Id, signal?: AbortSignal) =>
  answer(
    client.GET('/api/v1/sessions/{session_id}/course-groups', { params: { path: { session_id } }, signal }),
  );
export const addToCourseGroup = (session_id: Id, id: Id, learner_ids: Id[]): Promise<Placed> =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/course-groups/{course_group_id}/members', {
      ...one(session_id, id),
      body: { learner_ids },
    }),
  );
export const removeFromCourseGroup = (session_id: Id, id: Id, learner_ids: Id[]): Promise<Placed> =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/course-groups/{course_group_id}/remove', {
      ...one(session_id, id),
      body: { learner_ids },
    }),
  );
export const moveBetweenCourseGroups = (
  session_id: Id,
  id: Id,
  learner_ids: Id[],
  to_course_group_id: Id,
): Promise<Placed> =>
  answer(
    client.POST('/api/v1/sessions/{session_id}/course-groups/{course_group_id}/move', {
      ...one(session_id, id),
      body: { learner_ids, to_course_group_id },
    }),
  );
