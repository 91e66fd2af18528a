import type { FieldErrorInput } from '../common/field-error.js';

/** Our bodies have two levels. Deeper nesting is an attempt to exhaust the stack. */
const MAX_DEPTH = 32;
/** Validating 100 kB of small values would take a third of a second. */
const MAX_VALUES = 1_000;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Finds input that no route accepts: a NUL, which PostgreSQL cannot store; a lone surrogate, which changes when it is
 * encoded; a key that could pollute a prototype; and too much depth or too many values. Does not recurse, so the input
 * cannot exhaust the stack.
 */
export function findUnsafeInput(input: unknown): FieldErrorInput | null {
  const open: { value: unknown; pointer: string; depth: number }[] = [{ value: input, pointer: '', depth: 0 }];
  let total = 0;
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const { value, pointer, depth } = entry;
    if (typeof value === 'string') {
      const message = textError(value);
      if (message) return { pointer, code: 'forbidden_characters', message };
    } else if (typeof value === 'object' && value !== null) {
      if (depth === MAX_DEPTH)
        return { pointer: '', code: 'too_deep', params: { max: MAX_DEPTH }, message: 'is nested too deeply' };
      const members = Object.entries(value);
      total += members.length;
      if (total > MAX_VALUES)
        return { pointer: '', code: 'too_many_items', params: { max: MAX_VALUES }, message: 'has too many values' };
      for (const [key, child] of members) {
        if (FORBIDDEN_KEYS.has(key) || textError(key))
          return { pointer, code: 'unknown_field', message: 'has a field name that is not allowed' };
        open.push({ value: child, pointer: pointerTo(key, pointer), depth: depth + 1 });
      }
    }
  }
  return null;
}

/** Returns a JSON pointer (RFC 6901) to a member. */
export function pointerTo(key: string, parent = ''): string {
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function textError(text: string): string | null {
  if (text.includes('\0')) return 'must not contain a NUL character';
  return text.isWellFormed() ? null : 'must be well-formed Unicode';
}
