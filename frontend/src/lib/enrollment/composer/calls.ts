import { answer, client, type EnrollmentConsequences, type EnrollmentRequest, type Id } from '$lib/api';

/** What enrolling would do, in all of the sessions; nothing is written. */
export const planEnrollments = (
  body: EnrollmentRequest,
  signal?: AbortSignal,
): Promise<EnrollmentConsequences> => answer(client.POST('/api/v1/enrollments/plan', { body, signal }));

export interface EnrollmentsDone {
  /** The run of the whole act, by which it is undone. */
  run_id: Id;
  /** The run of each session. */
  run_ids: Id[];
}

/** Does it as it was shown under `hash`; 409 with the new consequences where they differ. */
export async function applyEnrollments(body: EnrollmentRequest, hash: string): Promise<EnrollmentsDone> {
  const done = await client.POST('/api/v1/enrollments/apply', { body: { ...body, hash } });
  const { run_ids } = await answer(Promise.resolve(done));
  return { run_id: Number(done.response.headers.get('run')), run_ids };
}
