import { findUnsafeInput } from './unsafe-input.js';

describe('findUnsafeInput', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['a string', 'ada@example.com'],
    ['an emoji, which is a pair of surrogates', '👩‍🚀'],
    ['other control characters', 'a\u0001\t\r\n\u007f'],
    ['a noncharacter', '\uffff'],
    ['an empty body', {}],
    ['a body', { email: 'ada@example.com', flags: [true, null, { n: 1 }] }],
    ['a thousand values', Array.from({ length: 1_000 }, () => 1)],
    ['thirty levels', JSON.parse('['.repeat(30) + ']'.repeat(30))],
    ['a key that only looks like a poisoned one', { proto: 1, Constructor: 2, __proto: 3 }],
    ['poisoned words as values', { name: '__proto__', other: 'constructor' }],
  ])('finds nothing wrong with %s', (_, input) => {
    expect(findUnsafeInput(input)).toBeNull();
  });

  it.each([
    ['at the top', 'a\0b', ''],
    ['in a field', { email: '\0' }, '/email'],
    ['in an array', { a: [1, 'x\0'] }, '/a/1'],
    ['far below', { a: { b: [{ c: '\0' }] } }, '/a/b/0/c'],
    ['below a name that a pointer must escape', { 'a/b': { '~': '\0' } }, '/a~1b/~0'],
  ])('finds a NUL %s, and points at it', (_, input, pointer) => {
    expect(findUnsafeInput(input)).toEqual({ pointer, message: 'must not contain a NUL character' });
  });

  it.each(['\ud800', '\udc00', 'x\ud83dy', '\udc00\ud800'])('finds a lone surrogate: %j', (text) => {
    expect(findUnsafeInput({ name: text })).toEqual({ pointer: '/name', message: 'must be well-formed Unicode' });
  });

  it.each(['__proto__', 'constructor', 'prototype', 'a\0', '\ud800'])(
    'finds a key that must not be one, and does not repeat it: %j',
    (key) => {
      const inside = JSON.parse(`{"a":{${JSON.stringify(key)}:1}}`) as unknown;
      expect(findUnsafeInput(inside)).toEqual({ pointer: '/a', message: 'has a field name that is not allowed' });
    },
  );

  it.each([
    ['arrays', '['.repeat(40_000) + ']'.repeat(40_000)],
    ['objects', '{"a":'.repeat(16_000) + '1' + '}'.repeat(16_000)],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
  ])('stops at depth without end, without going there: %s', (_, text) => {
    expect(findUnsafeInput(JSON.parse(text))).toEqual({ pointer: '', message: 'is nested too deeply' });
  });

  it.each([
    ['elements', Array.from({ length: 1_001 }, () => 1)],
    ['fields', Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 1]))],
    ['values in all', Array.from({ length: 600 }, () => [1])],
  ])('stops at more than a thousand %s', (_, input) => {
    expect(findUnsafeInput(input)).toEqual({ pointer: '', message: 'has too many values' });
  });
});
