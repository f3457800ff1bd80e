/** After what a chain enrolls, as its fields and the composer edit it. */
import type { Method, PlanRequest } from '$lib/api';

export interface ChainTerms {
  /** The id of the activity before as text; empty until one is chosen. */
  after: string;
  status: 'completed' | 'successful';
  /** Days later, as it was typed; empty for at once. */
  delay: string;
  earlier: 'counted' | 'left_out';
}

export const NEW_CHAIN: ChainTerms = { after: '', status: 'completed', delay: '', earlier: 'counted' };

export const termsOf = (method: Method): ChainTerms => ({
  after: String(method.after_activity_id ?? ''),
  status: method.after_status ?? 'completed',
  delay: method.delay_days ? String(method.delay_days) : '',
  earlier: method.earlier === false ? 'left_out' : 'counted',
});

/** What is asked of the server; null while nothing is chosen. */
export const chainTarget = ({
  after,
  status,
  delay,
  earlier,
}: ChainTerms): Pick<PlanRequest, 'after_activity_id' | 'after_status' | 'delay_days' | 'earlier'> | null =>
  after === ''
    ? null
    : {
        after_activity_id: Number(after),
        after_status: status,
        delay_days: Number(delay) || null,
        earlier: earlier === 'counted',
      };
