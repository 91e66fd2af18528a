import type { FieldError } from '../common/domain.error.js';

/** No body of ours is deeper than two; what is far deeper only means to exhaust the stack of whoever walks it. */
const MAX_DEPTH = 32;
/** Nor has any as many values; the libraries that look at them one by one would need a third of a second for 100 kB. */
const MAX_VALUES = 1_000;
const POISONED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Finds what no field of any route may hold: a NUL, which PostgreSQL cannot store; a lone surrogate, which
 * becomes another character when it is encoded; a key that reaches for a prototype; and depth or number without end.
 * Walks without recursion, so that the input cannot choose how deep the stack gets.
 */
export function findUnsafeInput(input: unknown): FieldError | null {
  const open: { value: unknown; pointer: string; depth: number }[] = [{ value: input, pointer: '', depth: 0 }];
  let total = 0;
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const { value, pointer, depth } = entry;
    if (typeof value === 'string') {
      const message = textFault(value);
      if (message) return { pointer, message };
    } else if (typeof value === 'object' && value !== null) {
      if (depth === MAX_DEPTH) return { pointer: '', message: 'is nested too deeply' };
      const members = Object.entries(value);
      total += members.length;
      if (total > MAX_VALUES) return { pointer: '', message: 'has too many values' };
      for (const [key, child] of members) {
        const childPointer = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        if (POISONED_KEYS.has(key) || textFault(key))
          return { pointer, message: 'has a field name that is not allowed' };
        open.push({ value: child, pointer: childPointer, depth: depth + 1 });
      }
    }
  }
  return null;
}

function textFault(text: string): string | null {
  if (text.includes('\0')) return 'must not contain a NUL character';
  return text.isWellFormed() ? null : 'must be well-formed Unicode';
}
