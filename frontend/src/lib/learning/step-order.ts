import type { PlayerStep } from './types';

const isUndone = (step: PlayerStep): boolean => step.status !== 'completed';

/** Where somebody goes on: at the step they asked for, else at the first that is not done, of whatever kind it is. */
export function currentStep(steps: PlayerStep[], wanted: number | null): PlayerStep | null {
  return steps.find((step) => step.id === wanted) ?? steps.find(isUndone) ?? steps[0] ?? null;
}

/** What comes after a step: the next one that is not done, else the one that follows it. */
export function nextStep(steps: PlayerStep[], step: PlayerStep): PlayerStep | null {
  const later = steps.slice(steps.findIndex((one) => one.id === step.id) + 1);
  return later.find(isUndone) ?? steps.find((one) => one.id !== step.id && isUndone(one)) ?? later[0] ?? null;
}
