import { beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '$lib/api';
import { setLocale } from '$lib/paraglide/runtime';
import { planParts } from './plan-parts';

const NOBODY: Plan = {
  hash: 'h',
  entering: 0,
  leaving: 0,
  gaining: 0,
  losing: 0,
  completed_stay: 0,
  staying: 0,
  blocked: 0,
  excluded: 0,
  held: false,
  samples: {
    entering: [],
    leaving: [],
    gaining: [],
    losing: [],
    completed_stay: [],
    blocked: [],
    excluded: [],
  },
  warnings: [],
  broken_pins: [],
  course_group: null,
  position: 1,
};

const said = (change: Partial<Plan>) =>
  planParts({ ...NOBODY, ...change }).map((part) => `${part.sign}${part.count} ${part.word}`);

beforeEach(() => void setLocale('en', { reload: false }));

describe('the figures of a plan', () => {
  it('say nothing of what is seldom and not so', () => {
    expect(said({ entering: 12, leaving: 3, staying: 540, blocked: 2 })).toEqual([
      '+12 entering',
      '−3 leaving',
      '540 staying',
      '2 blocked',
    ]);
  });

  it('do not count as new who is enrolled already', () => {
    expect(said({ gaining: 36 }).slice(0, 2)).toEqual(['0 new', '36 already enrolled gain a second reason']);
  });

  it('tell who loses access from who has completed and stays', () => {
    expect(said({ leaving: 35, completed_stay: 27, losing: 1 }).slice(1, 4)).toEqual([
      '−35 lose access',
      '1 stays enrolled without this reason',
      '27 completed stay',
    ]);
  });

  it('count everybody of the audience, and everybody whom the method held, once', () => {
    const plan = {
      entering: 1,
      gaining: 2,
      staying: 4,
      blocked: 8,
      leaving: 16,
      losing: 32,
      completed_stay: 64,
    };
    const all = planParts({ ...NOBODY, ...plan });
    expect(all.reduce((sum, part) => sum + (part.count ?? 0), 0)).toBe(127);
  });

  it('have their French forms', () => {
    void setLocale('fr', { reload: false });
    expect(said({ gaining: 1, leaving: 2, completed_stay: 1 })).toEqual([
      '0 nouvelle',
      '1 déjà inscrite gagne une seconde raison',
      '−2 perdent l’accès',
      '1 a terminé et reste',
      '0 restent',
      '0 bloqués',
    ]);
  });
});
