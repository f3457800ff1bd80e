import type { CertificateFilter, CertificateStatus } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export const CERTIFICATE_STATUSES: CertificateStatus[] = ['valid', 'expiring', 'expired', 'not_obtained'];
/** How soon `expiring` means where a filter does not say. */
export const EXPIRING_DAYS = 30;

export const certificateStatusWord: Record<CertificateStatus, () => string> = {
  valid: m.builder_certificate_valid,
  expiring: m.builder_certificate_expiring,
  expired: m.builder_certificate_expired,
  not_obtained: m.builder_certificate_not_obtained,
};

export const newCertificate = (): CertificateFilter => ({
  type: 'certificate',
  status: 'valid',
  certificates: [],
  match: 'any',
});

export function withCertificateStatus(
  filter: CertificateFilter,
  status: CertificateStatus,
): CertificateFilter {
  const { days: _, ...rest } = filter;
  return status === 'expiring'
    ? { ...rest, status, days: filter.days ?? EXPIRING_DAYS }
    : { ...rest, status };
}
