import type { Figures, Rehearsal } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export const stateWords = (state: Rehearsal['state']): { label: string; tone: 'plain' | 'enter' } =>
  ({
    draft: { label: m.rehearsal_draft(), tone: 'plain' as const },
    applied: { label: m.rehearsal_applied(), tone: 'enter' as const },
  })[state];

interface FigureColumn {
  key: keyof Figures;
  label: () => string;
  tone: 'enter' | 'leave' | 'stay' | 'blocked';
}

/** What stands beside the number of people who are enrolled; who gains or loses a reason alone stays enrolled. */
const FIGURES: FigureColumn[] = [
  { key: 'entering', label: m.rehearsal_entering, tone: 'enter' },
  { key: 'leaving', label: m.rehearsal_leaving, tone: 'leave' },
  { key: 'completed_stay', label: m.rehearsal_completed_stay, tone: 'stay' },
  { key: 'gaining', label: m.rehearsal_gaining, tone: 'stay' },
  { key: 'losing', label: m.rehearsal_losing, tone: 'stay' },
  { key: 'blocked', label: m.rehearsal_blocked, tone: 'blocked' },
  { key: 'freed', label: m.rehearsal_freed, tone: 'stay' },
  { key: 'held', label: m.rehearsal_held, tone: 'blocked' },
];

/** Those that are not nought everywhere. */
export const figuresIn = (sessions: Figures[]): FigureColumn[] =>
  FIGURES.filter(
    ({ key }) => key === 'entering' || key === 'leaving' || sessions.some((one) => one[key] > 0),
  );

/** How many are enrolled once it is done: who is held waits, who completed stays. */
export const enrolledAfter = (today: number, change: Figures): number =>
  today + change.entering - change.leaving;
