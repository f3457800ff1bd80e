import { describe, expect, it } from 'vitest';
import { currentStep, nextStep } from './step-order';
import type { PlayerStep } from './types';

const step = (
  id: number,
  status: PlayerStep['status'],
  kind: PlayerStep['kind'] = 'content',
): PlayerStep => ({
  id,
  kind,
  activity_id: kind === 'content' ? null : id * 10,
  title: `Step ${id}`,
  mandatory: true,
  min_score: null,
  status,
  score: null,
  completed_at: null,
  body: '',
  needs_session: false,
});

describe('where a learner goes on', () => {
  it('begins at the first step that is not done, also where that is a course', () => {
    const steps = [step(1, 'completed'), step(2, 'not_started', 'course'), step(3, 'not_started')];
    expect(currentStep(steps, null)?.id).toBe(2);
    expect(currentStep(steps, 3)?.id).toBe(3);
    expect(currentStep([], null)).toBeNull();
  });

  it('goes to the next undone step, also back to one that was left out', () => {
    const steps = [step(1, 'not_started'), step(2, 'started'), step(3, 'completed'), step(4, 'not_started')];
    expect(nextStep(steps, steps[1]!)?.id).toBe(4);
    expect(nextStep(steps, steps[3]!)?.id).toBe(1);
    const done = steps.map((one) => ({ ...one, status: 'completed' as const }));
    expect(nextStep(done, done[0]!)?.id).toBe(2);
    expect(nextStep(done, done[3]!)).toBeNull();
  });
});
