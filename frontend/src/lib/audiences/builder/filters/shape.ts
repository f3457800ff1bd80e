/** The shape of filters that were typed as JSON. */

const isReference = (value: unknown) => typeof value === 'string' || Number.isInteger(value);

export const isListOf = (value: unknown, check: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every((item) => check(item));

export const isReferences = (value: unknown): boolean => isListOf(value, isReference);

/** What a filter has to hold: a list of references under this name. */
export const needsList = (name: string) => (value: Record<string, unknown>) =>
  isReferences(value[name]) ? null : name;

export const needsReference = (value: Record<string, unknown>, name: string): string | null =>
  isReference(value[name]) ? null : name;
