import { findUnsafeInput } from './unsafe-input.js';

describe('findUnsafeInput', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['a string', 'ada@example.com'],
    ['an emoji, which is a surrogate pair', '👩‍🚀'],
    ['other control characters', 'a\u0001\t\r\n\u007f'],
    ['a noncharacter', '\uffff'],
    ['an empty body', {}],
    ['a body', { email: 'ada@example.com', flags: [true, null, { n: 1 }] }],
    ['a thousand values', Array.from({ length: 1_000 }, () => 1)],
    ['thirty levels', JSON.parse('['.repeat(30) + ']'.repeat(30))],
    ['keys that resemble forbidden ones', { proto: 1, Constructor: 2, __proto: 3 }],
    ['forbidden keys as values', { name: '__proto__', other: 'constructor' }],
  ])('accepts %s', (_, input) => {
    expect(findUnsafeInput(input)).toBeNull();
  });

  it.each([
    ['at the top', 'a\0b', ''],
    ['in a field', { email: '\0' }, '/email'],
    ['in an array', { a: [1, 'x\0'] }, '/a/1'],
    ['deep inside', { a: { b: [{ c: '\0' }] } }, '/a/b/0/c'],
    ['below a field name that a pointer escapes', { 'a/b': { '~': '\0' } }, '/a~1b/~0'],
  ])('reports the position of a NUL %s', (_, input, pointer) => {
    expect(findUnsafeInput(input)).toEqual({
      pointer,
      code: 'forbidden_characters',
      message: 'must not contain a NUL character',
    });
  });

  it.each(['\ud800', '\udc00', 'x\ud83dy', '\udc00\ud800'])('reports a lone surrogate: %j', (text) => {
    expect(findUnsafeInput({ name: text })).toEqual({
      pointer: '/name',
      code: 'forbidden_characters',
      message: 'must be well-formed Unicode',
    });
  });

  it.each(['__proto__', 'constructor', 'prototype', 'a\0', '\ud800'])(
    'reports a forbidden key without repeating it: %j',
    (key) => {
      const inside = JSON.parse(`{"a":{${JSON.stringify(key)}:1}}`) as unknown;
      expect(findUnsafeInput(inside)).toEqual({
        pointer: '/a',
        code: 'unknown_field',
        message: 'has a field name that is not allowed',
      });
    },
  );

  it.each([
    ['arrays', '['.repeat(40_000) + ']'.repeat(40_000)],
    ['objects', '{"a":'.repeat(16_000) + '1' + '}'.repeat(16_000)],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
  ])('rejects too much depth: %s', (_, text) => {
    expect(findUnsafeInput(JSON.parse(text))).toEqual({
      pointer: '',
      code: 'too_deep',
      params: { max: 32 },
      message: 'is nested too deeply',
    });
  });

  it.each([
    ['elements', Array.from({ length: 1_001 }, () => 1)],
    ['fields', Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 1]))],
    ['values in total', Array.from({ length: 600 }, () => [1])],
  ])('rejects more than a thousand %s', (_, input) => {
    expect(findUnsafeInput(input)).toEqual({
      pointer: '',
      code: 'too_many_items',
      params: { max: 1_000 },
      message: 'has too many values',
    });
  });
});
