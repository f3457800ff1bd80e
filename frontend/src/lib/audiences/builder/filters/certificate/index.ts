import type { CertificateFilter } from '$lib/api';
import { date, number } from '$lib/format';
import { m } from '$lib/paraglide/messages';
import type { FilterType } from '../filter-type';
import { needsList } from '../shape';
import { entriesOf, namesOf } from '../words';
import CertificateEditor from './CertificateEditor.svelte';
import { certificateStatusWord, EXPIRING_DAYS, newCertificate } from './statuses';

function awardWord(award: unknown): string {
  const expires = (award as { expires_at?: string | null } | null)?.expires_at;
  return expires ? m.builder_until({ date: date(expires) }) : m.builder_for_ever();
}

export const certificate: FilterType<CertificateFilter> = {
  type: 'certificate',
  editor: CertificateEditor,
  menu: () => [
    {
      section: 'certificates',
      key: 'certificate',
      label: m.builder_subject_certificate(),
      hint: m.builder_hint_certificate(),
      make: newCertificate,
    },
  ],
  subject: () => m.builder_subject_certificate(),
  words: (filter, directory) =>
    m.builder_words_certificate({
      names: namesOf(filter.certificates, (ref) => directory.certificate(ref)?.title),
      status:
        filter.status === 'expiring'
          ? m.builder_certificate_expiring_days({ days: number(filter.days ?? EXPIRING_DAYS) })
          : certificateStatusWord[filter.status](),
    }),
  facts: (_, actual, directory) =>
    entriesOf(actual).map(([id, award]) => {
      const title = directory.certificate(Number(id))?.title;
      return {
        subject: title ?? m.builder_subject_certificate(),
        value: `${title ?? ''} ${awardWord(award)}`.trim(),
      };
    }),
  missing: (filter) => (filter.certificates.length ? null : 'certificates'),
  malformed: needsList('certificates'),
};
