import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, parseEnvironment } from './env.js';

const SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const PRODUCTION = { NODE_ENV: 'production', DATABASE_URL: 'postgresql://u:p@db:5432/g', JWT_SECRET: SECRET };

/** Returns the problems of the variables, or none if they are valid. */
function problemsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseEnvironment(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('a variable with the suffix _FILE', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'gatehouse-files-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (content: string | Uint8Array) => {
    const path = join(folder, 'value');
    writeFileSync(path, content);
    return path;
  };

  it.each([
    ['DATABASE_URL', 'postgresql://u:p@db:5432/other'],
    ['JWT_SECRET', `${SECRET}!`],
    ['JWT_PREVIOUS_SECRETS', `${SECRET}1,${SECRET}2`],
    ['REFRESH_SECRET', `${SECRET}3`],
    ['FACTOR_SECRET', `${SECRET}4`],
    ['SMTP_URL', 'smtps://u:p@mail.example.com:465'],
    ['REDIS_URL', 'redis://u:p@redis:6379/0'],
    ['MAX_STREAMS', '17'],
  ])('sets %s to the text of the file', (name, value) => {
    expect(parseEnvironment({ [`${name}_FILE`]: file(value) })).toEqual(parseEnvironment({ [name]: value }));
  });

  it.each([
    ['a line break', `${SECRET}\n`],
    ['several line breaks', `${SECRET}\r\n\r\n`],
    ['a byte order mark', `\uFEFF${SECRET}`],
  ])('ignores %s', (_, content) => {
    expect(parseEnvironment({ JWT_SECRET_FILE: file(content) }).accessToken.secret).toBe(SECRET);
  });

  it('keeps spaces and line breaks inside the value', () => {
    expect(parseEnvironment({ JWT_SECRET_FILE: file(' a\nb \n') }).accessToken.secret).toBe(' a\nb ');
  });

  it.each<[string, string, () => string]>([
    ['that does not exist', 'is not readable (ENOENT)', () => join(folder, 'missing')],
    ['that is a folder', 'is not a file', () => folder],
    ['that is a device', 'is not a file', () => '/dev/zero'],
    ['that is empty', 'is empty', () => file('\n')],
    ['that is too large', 'is larger than 65536 bytes', () => file('x'.repeat(65_537))],
    ['that is binary', 'is not UTF-8 text', () => file(new Uint8Array([0xff, 0xfe, 0x41, 0x00]))],
  ])('rejects a file %s', (_, reason, create) => {
    const path = create();
    expect(problemsOf({ ...PRODUCTION, JWT_SECRET: '', JWT_SECRET_FILE: path })).toEqual([
      `JWT_SECRET_FILE names ${path}, which ${reason}`,
    ]);
  });

  it('is rejected if the variable itself is set too', () => {
    expect(problemsOf({ JWT_SECRET: SECRET, JWT_SECRET_FILE: file(SECRET) })).toEqual([
      'JWT_SECRET_FILE must not be set together with JWT_SECRET',
    ]);
  });

  it('does not repeat a value that is given instead of a path', () => {
    for (const value of [
      'postgresql://u:hunter2@db/g',
      'hunter2',
      '/hunter2/+x9aQ==',
      '/hunter2+x9aQ==',
      '//hunter2',
    ]) {
      expect(problemsOf({ DATABASE_URL_FILE: value })).toEqual([
        'DATABASE_URL_FILE names a file, which is not readable (ENOENT)',
      ]);
    }
  });

  it('does not repeat the text of a file with an invalid value', () => {
    const problems = problemsOf({ ...PRODUCTION, SMTP_URL_FILE: file('smtp://u:hunter2#@mail') });
    expect(problems).toEqual([
      expect.stringMatching(/^SMTP_URL has a reserved character/),
      expect.stringMatching(/^PUBLIC_URL is required in production with SMTP_URL/),
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('is listed with invalid variables and broken rules in one message', () => {
    const problems = problemsOf({
      NODE_ENV: 'production',
      DATABASE_URL_FILE: join(folder, 'missing'),
      SMTP_URL: 'smtp://mail.example.com',
      PORT: '0',
      WORKERS: '2',
      LOG_LEVEL: 'loud',
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'DATABASE_URL_FILE',
      'LOG_LEVEL',
      'JWT_SECRET',
      'PORT',
      'PUBLIC_URL',
    ]);
  });
});
