import { isCode, isRecoveryCode, normalizeCode, normalizeRecoveryCode } from './factor-codes.js';

describe('normalizeCode', () => {
  it.each([
    ['ASCII digits', '123456'],
    ['groups', ' 123 456\n'],
    ['a hyphen', '123-456'],
    ['full-width digits', '１２３４５６'],
    ['Arabic digits', '١٢٣٤٥٦'],
    ['Persian digits', '۱۲۳۴۵۶'],
    ['Devanagari digits', '१२३४५६'],
    ['invisible characters', '\u200f123\u2060456\ufeff'],
  ])('accepts %s', (_, text) => {
    expect(normalizeCode(text)).toBe('123456');
    expect(isCode(normalizeCode(text))).toBe(true);
  });

  it.each([
    '',
    '12345',
    '1234567',
    '12345a',
    'one two',
    '½12345',
    '①②③④⑤⑥',
    '1٫23456',
    '+12345',
    '1e5000',
    '𝟏',
    '12345\0',
  ])('does not make %j a code', (text) => {
    expect(isCode(normalizeCode(text))).toBe(false);
  });
});

describe('normalizeRecoveryCode', () => {
  it.each([
    '8Q2M-WX4T-0ZKC-R7NA-5HJE-P31G',
    '8q2mwx4t0zkcr7na5hjep31g',
    '8Q2M WX4T OZKC R7NA 5HJE P3IG',
    '8Q2M–WX4T–oZKC–R7NA–5HJE–P3lG',
    '８Ｑ２Ｍ-WX4T-0ZKC-R7NA-5HJE-P31G',
  ])('accepts %s', (text) => {
    expect(normalizeRecoveryCode(text)).toBe('8Q2MWX4T0ZKCR7NA5HJEP31G');
    expect(isRecoveryCode(normalizeRecoveryCode(text))).toBe(true);
  });

  it.each(['', '8Q2M-WX4T-0ZKC-R7NA-5HJE-P31', '8Q2M-WX4T-0ZKC-R7NA-5HJE-P31GG', 'ÄQ2MWX4T0ZKCR7NA5HJEP31G', '123456'])(
    'does not make %j a recovery code',
    (text) => {
      expect(isRecoveryCode(normalizeRecoveryCode(text))).toBe(false);
    },
  );
});
