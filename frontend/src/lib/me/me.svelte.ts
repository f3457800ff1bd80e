import { api, type Me, type Role } from '$lib/api';
import { now, setClock } from '$lib/format/clock';

/** Who is signed in. */
class CurrentPerson {
  current = $state.raw<Me | null>(null);

  /** Asks once; a 401 problem when nobody is signed in. */
  async load(): Promise<Me> {
    this.current ??= await api.me();
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

  /** The clock of this Muster, which may be set for a demonstration. */
  now(): Date {
    return now();
  }
}

export const me = new CurrentPerson();
