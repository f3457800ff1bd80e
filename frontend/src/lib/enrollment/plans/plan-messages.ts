import type { Session } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export interface MailLine {
  text: string;
  /** When it goes out; absent where nothing does. */
  at?: Date;
}

const HOUR_MS = 3_600_000;

/** When the message about an enrollment goes out: as the session starts, or at the next full hour once it has. */
export function sentAt(session: Pick<Session, 'starts_at'>, now: Date): Date {
  const start = session.starts_at ? new Date(session.starts_at) : now;
  if (start > now) return start;
  return new Date((Math.floor(now.getTime() / HOUR_MS) + 1) * HOUR_MS);
}

/** What is sent to whom when `entering` people are enrolled at `now`. */
export function messagesFor(session: Session, entering: number, now: Date, smtp: boolean): MailLine[] {
  if (entering === 0) return [{ text: m.builder_mail_none() }];
  const start = session.starts_at ? new Date(session.starts_at) : null;
  const text =
    start !== null && start > now
      ? m.builder_mail_start({ count: entering })
      : m.builder_mail_hour({ count: entering });
  return [
    { text, at: sentAt(session, now) },
    { text: m.builder_mail_once() },
    ...(smtp ? [] : [{ text: m.builder_mail_kept() }]),
  ];
}
