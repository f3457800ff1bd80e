/** Something to pick from a list. */
export interface Option {
  value: string;
  label: string;
  hint?: string | undefined;
  color?: string | null;
  count?: number | undefined;
  disabled?: boolean;
  /** Not for the reader to choose by themselves; `hint` says what choosing it leads to. */
  faded?: boolean;
}

export type LoadOptions = (query: string, signal: AbortSignal) => Promise<Option[]>;

/** Options that contain every typed word, ignoring case and accents. */
export function matching(options: Option[], query: string): Option[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return options;
  return options.filter((option) => {
    const text = plain(`${option.label} ${option.hint ?? ''}`);
    return words.every((word) => text.includes(word));
  });
}

export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
