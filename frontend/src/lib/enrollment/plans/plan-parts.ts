/** The figures of a plan side by side. They add up: nobody is counted in two of them, and nobody of the audience in none. */
import type { Plan } from '$lib/api';
import { m } from '$lib/paraglide/messages';

/** Figures whose people can be listed. */
export const PLAN_LISTS = ['entering', 'gaining', 'leaving', 'losing', 'completed_stay', 'blocked'] as const;
export type PlanList = (typeof PLAN_LISTS)[number];

export interface PlanPart {
  key: PlanList | 'staying';
  sign: '' | '+' | '−';
  tone: 'enter' | 'leave' | 'stay' | 'blocked';
  /** Absent while the plan is not known. */
  count: number | null;
  word: string;
}

/** Figures that every plan shows, also as nought; the others only where somebody is concerned. */
const ALWAYS = new Set<PlanPart['key']>(['entering', 'leaving', 'staying', 'blocked']);

export function planParts(plan: Plan | null): PlanPart[] {
  const words: Record<PlanPart['key'], string> = {
    // Beside people who are enrolled already, who enters is new.
    entering: plan?.gaining ? m.builder_new({ count: plan.entering }) : m.builder_entering(),
    gaining: m.builder_gaining({ count: plan?.gaining ?? 0 }),
    // Beside completed people, who stay, the others lose access.
    leaving: plan?.completed_stay ? m.builder_lose_access({ count: plan.leaving }) : m.builder_leaving(),
    losing: m.builder_losing({ count: plan?.losing ?? 0 }),
    completed_stay: m.builder_completed_stay({ count: plan?.completed_stay ?? 0 }),
    staying: m.builder_staying(),
    blocked: m.builder_blocked(),
  };
  const looks: [PlanPart['key'], PlanPart['sign'], PlanPart['tone']][] = [
    ['entering', '+', 'enter'],
    ['gaining', '', 'stay'],
    ['leaving', '−', 'leave'],
    ['losing', '', 'stay'],
    ['completed_stay', '', 'stay'],
    ['staying', '', 'stay'],
    ['blocked', '', 'blocked'],
  ];
  return looks
    .map(([key, sign, tone]): PlanPart => {
      const count = plan?.[key] ?? null;
      return { key, sign: count ? sign : '', tone: count ? tone : 'stay', count, word: words[key] };
    })
    .filter((part) => part.count || ALWAYS.has(part.key));
}
