import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import bcrypt from 'bcrypt';
import { buildUser } from '../support/builders.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { runCommand } from '../support/run-command.js';
import { runNode, type Finished } from '../support/run-node.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { until } from '../support/until.js';

const CLI = resolve('dist/src/cli/cli.js');
/** Returns a hash in the form of PHP, with the prefix $2y$. */
const hashed = (password: string, cost = 4) => bcrypt.hashSync(password, cost).replace('$2b$', '$2y$');
const HASH = hashed('seven lanterns at dusk');

interface Row {
  readonly email: string;
  readonly name: string | null;
  readonly role: string;
  readonly is_active: boolean;
  readonly email_verified_at: Date | null;
}

describe('users:import', () => {
  let app: TestApp;
  let folder: string;
  beforeAll(async () => {
    app = await TestApp.start({ env: { RATE_LIMIT_ENABLED: 'false' } });
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-import-'));
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => app.database.query('TRUNCATE users, audit_events CASCADE'));

  const environment = () => ({
    BCRYPT_COST: '5',
    JWT_SECRET: TEST_SECRET,
    DATABASE_URL: app.database.url,
    DB_CONNECT_TIMEOUT: '20s',
  });
  const run = (name: string, ...options: string[]): Promise<Finished> =>
    runCommand(['users:import', join(folder, name), ...options], environment());
  const write = (name: string, content: string | Buffer) => writeFile(join(folder, name), content);
  const report = (name: string) => readFile(join(folder, `${name}.refused.csv`), 'utf8');

  async function runOn(name: string, content: string | Buffer, ...options: string[]): Promise<Finished> {
    await write(name, content);
    return run(name, ...options);
  }

  const users = () => app.database.query<Row>('SELECT * FROM users ORDER BY email');
  const emails = async () => (await users()).map(({ email }) => email);

  it('imports CSV with a byte order mark, CRLF, quotes and any column order', async () => {
    const { code, stdout, stderr } = await runOn(
      'users.csv',
      '\uFEFFname,email,role,emailVerified,emailVerifiedAt,isActive,passwordHash\r\n' +
        '"Müller, ""Mia""", Mia@Example.COM ,admin,true,2020-01-15T09:30:00Z,true,' +
        `${HASH}\r\n\r\n` +
        ',plain@example.com,,,,,\r\n' +
        '"Two\r\nlines",off@example.com,user,true,,false,\r\n' +
        'Łukasz,last@example.com,user,false,,,',
    );
    expect([code, stdout, stderr]).toEqual([0, 'Imported 4 users, 0 already exist, 0 rejected.\n', '']);
    const [last, mia, off, plain] = await users();
    expect(mia).toMatchObject({ email: 'mia@example.com', name: 'Müller, "Mia"', role: 'admin', is_active: true });
    expect(mia?.email_verified_at).toEqual(new Date('2020-01-15T09:30:00Z'));
    expect(plain).toMatchObject({ name: null, role: 'user', is_active: true, email_verified_at: null });
    expect(off).toMatchObject({ name: 'Two\nlines', is_active: false, email_verified_at: expect.any(Date) });
    expect(last).toMatchObject({ name: 'Łukasz', email_verified_at: null });
    await expect(access(join(folder, 'users.csv.refused.csv'))).rejects.toThrow('ENOENT');
  });

  it('imports NDJSON', async () => {
    const lines = [
      { email: 'mia@example.com', name: 'Mia', role: 'admin', passwordHash: HASH, emailVerified: true },
      { email: 'plain@example.com', name: null, isActive: false },
    ].map((user) => JSON.stringify(user));
    const { code, stdout } = await runOn('users.ndjson', `\uFEFF${lines.join('\r\n')}`);
    expect([code, stdout]).toEqual([0, 'Imported 2 users, 0 already exist, 0 rejected.\n']);
    const [mia, plain] = await users();
    expect(mia).toMatchObject({ name: 'Mia', role: 'admin', email_verified_at: expect.any(Date) });
    expect(plain).toMatchObject({ name: null, is_active: false });
  });

  it('replaces a $2y$ hash at sign-in, and no password matches without a hash', async () => {
    await runOn('users.csv', `email,passwordHash\nmia@example.com,${HASH}\nnone@example.com,\n`);
    const login = (password: string, email = 'mia@example.com') =>
      app.request.post('/auth/login').send({ email, password });
    await login('seven lanterns at dawn').expect(401);
    await login('seven lanterns at dusk').expect(200);
    const [row] = await app.database.query<{ password_hash: string }>('SELECT password_hash FROM users ORDER BY email');
    expect(row?.password_hash).toMatch(/^\$bcrypt-sha256\$/);
    await login('seven lanterns at dusk').expect(200);
    for (const password of ['', ' ', 'null', 'undefined', 'seven lanterns at dusk']) {
      const { status } = await login(password, 'none@example.com');
      expect(status).not.toBe(200);
    }
  });

  it('reports rejected lines with their reasons and imports the rest', async () => {
    const { code, stdout, stderr } = await runOn(
      'users.csv',
      [
        'email,name,role,passwordHash,isActive',
        'one@example.com,One,,,',
        'nonsense,,,,',
        ',Nobody,,,',
        'root@example.com,,root,,',
        'maybe@example.com,,,,perhaps',
        `long@example.com,${'x'.repeat(101)},,,`,
        `argon@example.com,,,"$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",`,
        `slow@example.com,,,$2b$06$${'a'.repeat(53)},`,
        'few@example.com,Few',
        'many@example.com,,,,,,',
        'quote@example.com,"Quote" d,,,',
        'nul@example.com,N\0L,,,',
        'ONE@example.com,Other,,,',
        'open@example.com,"never closed,,,',
        'two@example.com,"Two, too",admin,,',
        'three@example.com,,,,',
      ].join('\n'),
    );
    expect(await emails()).toEqual(['one@example.com', 'three@example.com', 'two@example.com']);
    expect([code, stdout]).toEqual([2, 'Imported 3 users, 0 already exist, 13 rejected.\n']);
    const expected = [
      /^3,"email must be an e-mail address"$/,
      /^4,"email must be an e-mail address"$/,
      /^5,"role must be one of user, admin\b.*"$/,
      /^6,"isActive must be true or false"$/,
      /^7,"name must be a string of 1 to 100 characters"$/,
      /^8,"passwordHash must be a bcrypt hash .*"$/,
      /^9,"passwordHash has the cost 6, and BCRYPT_COST is 5.*"$/,
      /^10,"has 2 fields, but the first line names 5"$/,
      /^11,"has 7 fields, but the first line names 5"$/,
      /^12,"has a misplaced or unclosed quote"$/,
      /^13,"name must not contain a NUL character"$/,
      /^14,"email is already in line 2"$/,
      /^15,"has a misplaced or unclosed quote"$/,
    ];
    const [head, ...lines] = (await report('users.csv')).trimEnd().split('\n');
    expect(head).toBe('line,reason');
    expect(lines).toEqual(expected.map((pattern): unknown => expect.stringMatching(pattern)));
    expect(stderr).toMatch(
      /^line 3: email must be an e-mail address\n(line \d+: .*\n){9}and 3 more, see .*users\.csv\.refused\.csv\n$/,
    );
    expect(stdout + stderr).not.toContain('\u001b');
    expect((await stat(join(folder, 'users.csv.refused.csv'))).mode & 0o777).toBe(0o600);
  });

  it('reports rejected lines of NDJSON', async () => {
    const { code, stdout } = await runOn(
      'users.ndjson',
      ['{"email":"one@example.com"}', '{"email":', '[]', 'null', '{"email":["x"]}', '{"email":"a@example.com","id":1}',
       `{"name":"${'x'.repeat(300_000)}"}`, '{"email":"b@example.com","__proto__":{}}',
       String.raw`{"email":"c@example.com","name":"\ud800"}`, '{"email":"two@example.com"}'].join('\n'), // prettier-ignore
    );
    expect([code, stdout]).toEqual([2, 'Imported 2 users, 0 already exist, 8 rejected.\n']);
    expect((await report('users.ndjson')).trimEnd().split('\n').slice(1)).toEqual([
      '2,"is not a JSON object"',
      '3,"is not a JSON object"',
      '4,"is not a JSON object"',
      '5,"email must be an e-mail address"',
      '6,"has an unknown field ""id"""',
      '7,"is far too long for one user"',
      '8,"has an unknown field ""__proto__"""',
      '9,"name must be well-formed Unicode"',
    ]);
    expect(await emails()).toEqual(['one@example.com', 'two@example.com']);
  });

  it('rejects a line that is not in UTF-8', async () => {
    const { code } = await runOn('users.csv', Buffer.from('email,name\na@example.com,Müller\n', 'latin1'));
    expect([code, await report('users.csv')]).toEqual([2, 'line,reason\n2,"is not in UTF-8"\n']);
    expect(await emails()).toEqual([]);
  });

  it('keeps existing accounts and rejects lines that differ from them', async () => {
    await buildUser(app, { email: 'same@example.com' });
    await buildUser(app, { email: 'other@example.com', name: 'Other' });
    const { code, stdout } = await runOn(
      'users.csv',
      `email,name,passwordHash\nsame@example.com,,${HASH}\nother@example.com,Another,${HASH}\nnew@example.com,,\n`,
    );
    expect([code, stdout]).toEqual([2, 'Imported 1 user, 1 already exists, 1 rejected.\n']);
    expect(await report('users.csv')).toContain('3,"email belongs to an account that differs in name"');
    expect(await users()).toContainEqual(expect.objectContaining({ email: 'other@example.com', name: 'Other' }));
  });

  it('rejects a repeated e-mail address of another batch', async () => {
    const filler = Array.from({ length: 600 }, (_, index) => `user${index}@example.com`);
    const { stdout } = await runOn(
      'users.csv',
      ['email', 'twice@example.com', ...filler, 'TWICE@example.com'].join('\n'),
    );
    expect(stdout).toBe('Imported 601 users, 0 already exist, 1 rejected.\n');
    expect(await report('users.csv')).toContain('603,"email is already in line 2"');
  });

  it('continues after SIGKILL in the middle of a batch', async () => {
    const all = Array.from({ length: 1_500 }, (_, index) => `user${String(index).padStart(5, '0')}@example.com`);
    await write('large.csv', ['email', ...all].join('\n'));
    // An open transaction inserts an e-mail address of the third batch, so that the import waits there.
    await app.database.query('BEGIN');
    await app.database.query(
      `INSERT INTO users (id, email, password_hash) VALUES (gen_random_uuid(), $1, 'none')`,
      all.slice(1_200, 1_201),
    );
    const child = spawn(process.execPath, [CLI, 'users:import', 'large.csv'], {
      cwd: folder,
      env: { ...environment(), NODE_ENV: 'test' },
    });
    const closed = once(child, 'close');
    try {
      await until('the import waits in the middle of a batch', async () => (await app.database.waiting()).length === 1);
      child.kill('SIGKILL');
      await closed;
      // The server would finish the statement of the killed client.
      await app.database.query('SELECT pg_terminate_backend(pid, 10000) FROM unnest($1::int[]) AS pid', [
        await app.database.waiting(),
      ]);
    } finally {
      child.kill('SIGKILL');
      await app.database.query('ROLLBACK');
    }
    expect(await emails()).toEqual(all.slice(0, 1_000));
    const { code, stdout } = await run('large.csv');
    expect([code, stdout]).toEqual([0, 'Imported 500 users, 1000 already exist, 0 rejected.\n']);
    expect(await emails()).toEqual(all);
    const [audited] = await app.database.query<{ count: number }>(
      `SELECT count(DISTINCT user_id)::int AS count FROM audit_events WHERE type = 'user_created'`,
    );
    expect(audited?.count).toBe(all.length);
  });

  it('reports how many rows it read if the database becomes unavailable', async () => {
    await write(
      'users.csv',
      ['email', ...Array.from({ length: 2_000 }, (_, index) => `user${index}@example.com`)].join('\n'),
    );
    const proxy = await DatabaseProxy.start(app.database.url);
    proxy.onStatement = () => {
      if (proxy.statements === 15) void proxy.rejectConnections();
    };
    try {
      const env = { ...environment(), DATABASE_URL: proxy.url };
      const { code, stdout, stderr } = await runCommand(['users:import', join(folder, 'users.csv')], env);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('The database is temporarily unavailable. Try again.');
      expect(stderr).toContain(
        `Stopped after ${(await emails()).length} rows. Run the same command again to continue.`,
      );
    } finally {
      await proxy.close();
    }
  });

  it('creates one account per e-mail address if two imports run concurrently', async () => {
    const all = Array.from({ length: 1_000 }, (_, index) => `user${String(index).padStart(5, '0')}@example.com`);
    await write('up.csv', ['email', ...all].join('\n'));
    await write('down.csv', ['email', ...[...all].reverse()].join('\n'));
    const other = runNode(CLI, ['users:import', 'down.csv'], { env: environment(), cwd: folder });
    const finished = await Promise.all([run('up.csv'), other]);
    expect(finished.map(({ code }) => code)).toEqual([0, 0]);
    expect(await emails()).toEqual(all);
  });

  it('records an audit event with file and line for each account', async () => {
    await runOn('users.csv', 'email,role\nmia@example.com,admin\n');
    const events = await app.database.query(
      `SELECT type, actor_id, email, details - 'run' AS details FROM audit_events JOIN users ON users.id = user_id`,
    );
    const details = { role: 'admin', by: 'import', file: 'users.csv', line: 2 };
    expect(events).toEqual([{ type: 'user_created', actor_id: null, email: 'mia@example.com', details }]);
  });

  it('with --dry-run reports what would happen and changes nothing', async () => {
    await buildUser(app, { email: 'same@example.com' });
    const text = 'email,role\nmia@example.com,\nsame@example.com,\nbad,\nroot@example.com,root\n';
    const { code, stdout } = await runOn('users.csv', text, '--dry-run', '--report', join(folder, 'report.csv'));
    expect([code, stdout]).toEqual([2, 'Would import 1 user, 1 already exists, 2 rejected.\n']);
    expect(await emails()).toEqual(['same@example.com']);
    expect(await readFile(join(folder, 'report.csv'), 'utf8')).toMatch(/^line,reason\n4,.*\n5,.*\n$/);
  });

  it('rejects a file with an unknown column in one line', async () => {
    const { code, stdout, stderr } = await runOn('users.csv', 'email,password\na@example.com,x\n');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The first line must name the columns .* Unknown column "password"\.\n$/);
    expect(await emails()).toEqual([]);
  });

  it('rejects a missing file, and a file that its report would overwrite', async () => {
    const missing = await run('missing.csv');
    expect(missing).toEqual({ code: 1, stdout: '', stderr: `File not found: ${join(folder, 'missing.csv')}\n` });
    const overwritten = await run('x.csv', '--report', `${folder}/./x.csv`);
    expect(overwritten).toEqual({ code: 1, stdout: '', stderr: 'The report would overwrite the file.\n' });
  });

  describe('users:invite', () => {
    const invite = (...options: string[]) => runCommand(['users:invite', ...options], environment());
    const invitations = () => app.database.query('SELECT email, invitation FROM users ORDER BY email');

    it('invites imported users without a password once', async () => {
      const rows = `a@example.com,,\nb@example.com,${HASH},\nc@example.com,,\nd@example.com,,false`;
      await runOn('invited.csv', `email,passwordHash,isActive\n${rows}`);
      const dry = await invite('--imported', '--dry-run');
      expect([dry.code, dry.stdout, dry.stderr]).toEqual([0, 'Would invite 2 users.\n', '']);
      const first = await invite('--imported');
      expect([first.code, first.stdout, first.stderr]).toEqual([0, 'Invited 2 users.\n', '']);
      expect((await invite('--imported')).stdout).toBe('Invited 0 users.\n');
      expect(await invitations()).toEqual([
        { email: 'a@example.com', invitation: 'sent' },
        { email: 'b@example.com', invitation: null },
        { email: 'c@example.com', invitation: 'sent' },
        { email: 'd@example.com', invitation: 'due' },
      ]);
      const mails = await app.database.query(
        `SELECT recipient FROM mails WHERE kind = 'invitation' ORDER BY recipient`,
      );
      expect(mails).toEqual([{ recipient: 'a@example.com' }, { recipient: 'c@example.com' }]);
    });

    it.each([[], ['--imported', '--per-minute', '0'], ['--imported', '--per-minute', 'many']])(
      'rejects the options %j',
      async (...options) => {
        const { code, stderr } = await invite(...options.flat());
        expect([code, stderr]).toEqual([1, expect.stringMatching(/--imported|--per-minute/)]);
      },
    );
  });
});
