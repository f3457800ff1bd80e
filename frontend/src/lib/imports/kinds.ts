/** What a sheet can hold. */
import type { ImportKind } from '$lib/api';
import { m } from '$lib/paraglide/messages';

const NAMES: Record<ImportKind, () => string> = {
  learners: m.import_learners,
  groups: m.import_groups,
  memberships: m.import_memberships,
  results: m.import_results,
  enrollments: m.import_enrollments,
};
export const KINDS = Object.keys(NAMES) as ImportKind[];
export const isKind = (text: string): text is ImportKind => text in NAMES;
export const kindWord = (kind: ImportKind) => NAMES[kind]();
