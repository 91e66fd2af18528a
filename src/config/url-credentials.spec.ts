import { ConfigurationError, parseEnvironment } from './env.js';

const PREFIXES = {
  DATABASE_URL: 'postgresql',
  REDIS_URL: 'redis',
  SMTP_URL: 'smtps',
} as const;
const NAMES = Object.keys(PREFIXES) as (keyof typeof PREFIXES)[];

function problemsOf(name: keyof typeof PREFIXES, rest: string): readonly string[] {
  try {
    parseEnvironment({ [name]: `${PREFIXES[name]}://${rest}` });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe.each(NAMES)('the credentials in %s', (name) => {
  it.each([
    'user:12#hunter2@host:5432/0',
    'user:hunter2/x@host:5432/0',
    'user:12/hunter2@host:5432/0',
    'user:12?hunter2@host:5432/0',
    'user:hunter2%@host:5432/0',
    'user:hunter2%zz@host:5432/0',
    'user:hunter2%ff@host:5432/0',
    'user:hunter2@x@host:5432/0',
    'ada@example.com:hunter2/x@host:5432/0',
    'ada@example.com:hunter2?x@host:5432/0',
    'user:hunter2 x@host:5432/0',
    'user:hunter2\t@host:5432/0',
    'user:hunter2\n@host:5432/0',
  ])('must be percent-encoded, and the message does not repeat %j', (rest) => {
    const problems = problemsOf(name, rest);
    expect(problems).toEqual([
      expect.stringMatching(`^${name} has a reserved character .* Percent-encode it: # as %23`),
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each([
    'host:5432/0',
    'user@host:5432/0',
    'user:pass@host:5432/0',
    ':pass@host:5432/0',
    'user:p:a!$&*()_+-=~;,.^@host:5432/0',
    'ada%40example.com:%23%25%2F%3F%40%20@[::1]:5432/0',
    'host:5432/0?name=ada@example.com',
    'user:pass@host:5432/0?a=b&name=ada@example.com?',
    'user:pass@host:5432/0?options=-c search_path=app',
  ])('may be %j', (rest) => {
    expect(problemsOf(name, rest)).toEqual([]);
  });
});
