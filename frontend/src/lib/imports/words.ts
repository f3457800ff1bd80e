import type { Import, ImportQuestion, ImportRow } from '$lib/api';
import { m } from '$lib/paraglide/messages';

type Tone = 'plain' | 'accent' | 'enter' | 'leave' | 'blocked';

const STATES: Record<Import['state'], { label: () => string; tone: Tone }> = {
  reading: { label: m.import_reading, tone: 'accent' },
  ready: { label: m.import_ready, tone: 'blocked' },
  applying: { label: m.import_applying, tone: 'accent' },
  done: { label: m.import_done, tone: 'enter' },
  failed: { label: m.import_failed, tone: 'leave' },
  cancelled: { label: m.import_cancelled, tone: 'plain' },
};
export const stateWords = (state: Import['state']) => ({
  label: STATES[state].label(),
  tone: STATES[state].tone,
});

const QUESTIONS: Record<ImportQuestion['kind'], (words: { column: string }) => string> = {
  sheet: m.import_ask_sheet,
  encoding: m.import_ask_encoding,
  delimiter: m.import_ask_delimiter,
  date_order: m.import_ask_date_order,
  decimal_mark: m.import_ask_decimal_mark,
  zeros: m.import_ask_zeros,
  unused_columns: m.import_ask_unused,
};
export const questionWords = ({ kind, column }: ImportQuestion) => QUESTIONS[kind]({ column: column ?? '' });

const OPTIONS: Partial<Record<string, () => string>> = {
  'delimiter:,': m.import_option_comma,
  'delimiter:;': m.import_option_semicolon,
  'delimiter:\t': m.import_option_tab,
  'delimiter:|': m.import_option_bar,
  'date_order:day_first': m.import_option_day_first,
  'date_order:month_first': m.import_option_month_first,
  'decimal_mark:comma': m.import_option_comma,
  'decimal_mark:point': m.import_option_point,
  'zeros:keep': m.import_option_keep,
  'unused_columns:ignore': m.import_option_ignore,
};
const PADDED = /^pad:(\d+)$/;
export function optionWords(kind: ImportQuestion['kind'], option: string): string {
  const digits = PADDED.exec(option)?.[1];
  if (digits !== undefined) return m.import_option_pad({ count: Number(digits) });
  return OPTIONS[`${kind}:${option}`]?.() ?? option;
}

export const outcomeWords = (outcome: ImportRow['outcome']): { label: string; tone: Tone } =>
  ({
    valid: { label: m.import_row_valid(), tone: 'plain' as const },
    error: { label: m.import_row_error(), tone: 'leave' as const },
    applied: { label: m.import_row_applied(), tone: 'enter' as const },
  })[outcome];

const ACTIONS: Record<NonNullable<ImportRow['action']>, () => string> = {
  created: m.import_row_created,
  updated: m.import_row_updated,
  unchanged: m.import_row_unchanged,
  reactivated: m.import_row_reactivated,
  left: m.import_row_left,
};
export const actionWords = (action: NonNullable<ImportRow['action']>) => ACTIONS[action]();

/** What applying would do to rows, or did; without what is nought. */
export function countWords(of: Import): string[] {
  return [
    of.created > 0 && m.import_count_created({ count: of.created }),
    of.updated > 0 && m.import_count_updated({ count: of.updated }),
    of.reactivated > 0 && m.import_count_reactivated({ count: of.reactivated }),
    of.left > 0 && m.import_count_left({ count: of.left }),
    of.unchanged > 0 && m.import_count_unchanged({ count: of.unchanged }),
  ].filter((one) => one !== false);
}
