import type { FieldType, Scope } from '$lib/api';
import { m } from '$lib/paraglide/messages';

export const FIELD_TYPES: FieldType[] = ['choice', 'text', 'number', 'date', 'boolean'];
export const SCOPES: Scope[] = ['read', 'write', 'scim'];

export function fieldType(type: FieldType): string {
  return {
    choice: m.field_choice,
    text: m.field_text,
    number: m.field_number,
    date: m.field_date,
    boolean: m.field_boolean,
  }[type]();
}

export function scopeName(scope: Scope): string {
  return { read: m.scope_read, write: m.scope_write, scim: m.scope_scim }[scope]();
}
