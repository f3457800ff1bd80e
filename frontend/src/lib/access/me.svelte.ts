import type { Me, Role } from '$lib/api';
import * as accessCalls from './calls';
import { now, setClock } from '$lib/format/clock';

/** Who is signed in. */
class CurrentPerson {
  current = $state.raw<Me | null>(null);

  /** Asks once; a 401 problem when nobody is signed in. */
  async load(): Promise<Me> {
    this.current ??= await accessCalls.me();
    setClock(this.current.clock_offset_seconds);
    return this.current;
  }

  forget(): void {
    this.current = null;
  }

  is(...roles: Role[]): boolean {
    return roles.some((role) => this.current?.roles.includes(role));
  }

  get isAdmin(): boolean {
    return this.is('admin');
  }

  /** Whether they look after others. */
  get leads(): boolean {
    return this.is('admin', 'group_admin', 'coach', 'instructor', 'manager');
  }

  /** The clock of this Muster, which may be set for a demonstration. */
  now(): Date {
    return now();
  }
}

export const me = new CurrentPerson();
