/** The figures of consequences as one line. Nobody is counted in two of them. */
import { m } from '$lib/paraglide/messages';
import { date } from '$lib/format';
import type { Consequences, Day, Figures } from '$lib/api';

/** Figures whose people can be listed. */
export type ListedChange = keyof Figures | 'due_changes' | 'ending';
/** What is told in the line: of one method there are no dates and no messages. */
export type Told = Figures & {
  messages?: number;
  due_changes?: number;
  ending?: number;
  ending_on?: Day | null;
};
/** Whatever opens a list. */
export type OpenedPart = ListedChange | 'messages';

export interface ConsequencePart {
  key: OpenedPart;
  sign: '' | '+' | '−';
  tone: 'enter' | 'leave' | 'stay' | 'blocked';
  count: number;
  word: string;
}

/** Whether the act moves nobody, writes to nobody and freezes no rule: then there is nothing to ask about. */
export const isQuiet = (found: Consequences): boolean =>
  parts(found).length === 0 && found.frozen.length === 0;

/** "enrolls 3 · ends access for 12 · 5 completed stay · 3 messages", without what is nought. */
export function parts(found: Told): ConsequencePart[] {
  const all: ConsequencePart[] = [
    {
      key: 'entering',
      sign: '+',
      tone: 'enter',
      count: found.entering,
      word: m.consequence_entering({ count: found.entering }),
    },
    {
      key: 'leaving',
      sign: '−',
      tone: 'leave',
      count: found.leaving,
      word: m.consequence_leaving({ count: found.leaving }),
    },
    {
      key: 'completed_stay',
      sign: '',
      tone: 'stay',
      count: found.completed_stay,
      word: m.consequence_completed_stay({ count: found.completed_stay }),
    },
    {
      key: 'gaining',
      sign: '',
      tone: 'stay',
      count: found.gaining,
      word: m.consequence_gaining({ count: found.gaining }),
    },
    {
      key: 'losing',
      sign: '',
      tone: 'stay',
      count: found.losing,
      word: m.consequence_losing({ count: found.losing }),
    },
    {
      key: 'blocked',
      sign: '',
      tone: 'blocked',
      count: found.blocked,
      word: m.consequence_blocked({ count: found.blocked }),
    },
    {
      key: 'freed',
      sign: '',
      tone: 'stay',
      count: found.freed,
      word: m.consequence_freed({ count: found.freed }),
    },
    {
      key: 'held',
      sign: '',
      tone: 'blocked',
      count: found.held,
      word: m.consequence_held({ count: found.held }),
    },
    {
      key: 'due_changes',
      sign: '',
      tone: 'stay',
      count: found.due_changes ?? 0,
      word: m.consequence_due_changes({ count: found.due_changes ?? 0 }),
    },
    {
      key: 'ending',
      sign: '',
      tone: 'leave',
      count: found.ending ?? 0,
      word: found.ending_on
        ? m.consequence_ending_on({ count: found.ending ?? 0, date: date(found.ending_on) })
        : m.consequence_ending({ count: found.ending ?? 0 }),
    },
    {
      key: 'messages',
      sign: '',
      tone: 'stay',
      count: found.messages ?? 0,
      word: m.consequence_messages({ count: found.messages ?? 0 }),
    },
  ];
  return all.filter((part) => part.count > 0);
}
