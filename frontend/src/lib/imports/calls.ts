import { answer, client, toQuery, type Id, type ImportKind, type QueryOf } from '$lib/api';

export const imports = (query: QueryOf<'/api/v1/imports'> = {}, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/imports', { params: { query: toQuery<'/api/v1/imports'>(query) }, signal }));

/** Takes in a sheet, which is read and tried out. Nothing is written before it is applied. */
export const begin = (kind: ImportKind, file: File) =>
  answer(
    client.POST('/api/v1/imports', {
      body: { kind, file: file.name },
      bodySerializer: () => {
        const form = new FormData();
        form.set('kind', kind);
        form.set('file', file);
        return form;
      },
    }),
  );

const one = (import_id: Id) => ({ params: { path: { import_id } } });
export const importOf = (id: Id, signal?: AbortSignal) =>
  answer(client.GET('/api/v1/imports/{import_id}', { ...one(id), signal }));
/** Answers what the sheet leaves open, or changes what it was taken for; it is read anew. */
export const answerQuestions = (id: Id, answers: Record<string, string>) =>
  answer(client.POST('/api/v1/imports/{import_id}/answers', { ...one(id), body: answers }));
export const cancel = (id: Id) => answer(client.POST('/api/v1/imports/{import_id}/cancel', one(id)));
export const rows = (
  import_id: Id,
  query: QueryOf<'/api/v1/imports/{import_id}/rows'>,
  signal?: AbortSignal,
) =>
  answer(
    client.GET('/api/v1/imports/{import_id}/rows', {
      params: { path: { import_id }, query: toQuery<'/api/v1/imports/{import_id}/rows'>(query) },
      signal,
    }),
  );
/** The rows that were refused, each with why, as a sheet to mend. */
export const rejectsHref = (id: Id) => `/api/v1/imports/${id}/rejects.xlsx`;

/** An empty sheet with a column for each session, to be marked and imported. */
export const template = (session_ids: Id[]): Promise<Blob> =>
  answer(
    client.POST('/api/v1/imports/template', { body: { session_ids }, parseAs: 'blob' }),
  ) as Promise<Blob>;
