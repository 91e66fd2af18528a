import { hasValidDomain, normalizeEmail } from './email.js';

describe('normalizeEmail', () => {
  it.each([
    [
      'ada@xn--exmple-cua.com',
      ['ada@exämple.com', 'ada@xn--exmple-cua.com', 'ADA@EXÄMPLE.COM', 'ada@XN--EXMPLE-CUA.COM'],
    ],
    [
      'ada@xn--exmple-cua.com',
      ['ada@exa\u0308mple.com', ' ada@exämple.com. ', 'ada@exämple。com', 'ada@ｅｘäｍｐｌｅ.com'],
    ],
    [
      'ada@example.com',
      ['ada@example.com。', 'ada@example．com', 'ada@example｡com', 'ada@ｅｘａｍｐｌｅ.ｃｏｍ', 'ada@example.com.'],
    ],
    ['ada@xn--fa-hia.example', ['ada@faß.example', 'ada@FAẞ.example']],
    ['ada@xn--fsqu00a.xn--0zwm56d', ['ada@例子.测试', 'ada@例子。测试']],
    ['josé+a.b@example.com', ['JOSÉ+A.B@example.com', 'jose\u0301+a.b@example.com']],
    ['ada.b@example.com', ['"ada.b"@example.com', '"\\ada\\.b"@EXAMPLE.com', 'ada.b@example.com']],
    ['"ada b"@example.com', ['"ada b"@example.com', '"ada\\ b"@example.com', '"\\ADA b"@example.com']],
    ['"a\\"\\\\@b"@example.com', ['"a\\"\\\\@b"@example.com', '"\\a\\"\\\\\\@b"@example.com']],
    ['"ada."@example.com', ['"ada."@example.com', '"ada\\."@example.com']],
    ['jos\u00e9@example.com', ['"jose\\\u0301"@example.com', '"jos\u00e9"@example.com']],
  ])('returns %s for every spelling of it', (normalized, spellings) => {
    expect(spellings.map(normalizeEmail)).toEqual(spellings.map(() => normalized));
    expect(normalizeEmail(normalized)).toBe(normalized);
  });

  it.each([
    ...['', 'ada', '@', 'ada@', 'ada@example.com..', 'ada@.', 'ada@..', 'ada@exä mple.com', 'ada@exä\tmple.com'],
    ...['ada@exä/mple.com', 'ada@%65xämple.com', 'ada@exämple.com:80', 'ada@１.２', 'ada@exämple.２３', 'ada@0x7f.1'],
    ...[
      'ada@exam\u00adple.com',
      'ada@exam\u200bple.com',
      `ada@${'ä'.repeat(64)}.com`,
      'ada@xn--a',
      'ada@exämple.xn--a',
    ],
    ...['ada@-ä.com', 'ada@ä-.com', 'ada@ab--ä.com', 'ada@b.-ä.com', '"a"b"@example.com', '""@example.com'],
  ])('does not change an invalid domain: %j', (email) => {
    expect(normalizeEmail(email)).toBe(email);
  });

  it.each([
    ['ada@example.com', true],
    ['ada@xn--exmple-cua.com', true],
    ['ada@xn--a', false],
    ['ada@-ä.com', false],
    ['ada@xn-----zla.com', false],
    ['ada@exämple.xn--a', false],
    ['ada@exam\u200bple.com', false],
  ])('leaves %s with a domain whose validity is %s', (email, isValid) => {
    expect(hasValidDomain(normalizeEmail(email))).toBe(isValid);
  });
});
