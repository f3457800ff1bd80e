/** The clock of this Muster, which may be set for a demonstration: how far it is ahead of this machine's. */
let aheadMs = 0;

export function setClock(ahead_seconds: number): void {
  aheadMs = ahead_seconds * 1000;
}

export const now = (): Date => new Date(Date.now() + aheadMs);
