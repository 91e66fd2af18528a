import { constants } from 'node:buffer';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { readCsv, readNdjson } from './records.js';
import { UserFile } from './user-file.js';

const NAMES = ['email', 'name'];

describe('UserFile', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'gatehouse-users-'))));
  afterAll(() => rm(folder, { recursive: true }));

  async function recordsOf(name: string, content: string): Promise<unknown[]> {
    await writeFile(join(folder, name), content);
    const file = await UserFile.open(join(folder, name));
    const records = [];
    for await (const record of file.records(NAMES)) records.push(record);
    expect(file.progress).toBe(1);
    return records;
  }

  it.each([
    ['an unknown column', 'email,password\na@example.com,x\n', 'Unknown column "password".'],
    ['no email column', 'name\nMia\n', 'The column email is missing.'],
    ['a repeated column', 'email,name,email\na@example.com,x,y\n', 'The column email is repeated.'],
    ['semicolons instead of commas', 'email;name\na@example.com;x\n', 'Unknown column "email;name".'],
    ['no header', 'a@example.com,Ada\n', 'Unknown column "a@example.com".'],
    ['a malformed header', 'email,"name\n', 'The column email is missing.'],
    ['only a byte order mark', '\uFEFF', 'Unknown column "".'],
  ])('rejects a CSV file with %s', async (_, content, message) => {
    await expect(recordsOf('users.csv', content)).rejects.toThrow(message);
  });

  it('rejects a missing file, a folder, an empty file and another extension', async () => {
    await mkdir(join(folder, 'folder.csv'));
    await writeFile(join(folder, 'empty.csv'), '');
    await expect(UserFile.open(join(folder, 'nowhere.csv'))).rejects.toThrow(/^File not found: .*nowhere\.csv$/);
    await expect(UserFile.open(join(folder, 'folder.csv'))).rejects.toThrow(/^File not found: /);
    await expect(UserFile.open(join(folder, 'empty.csv'))).rejects.toThrow(/^The file .* is empty\.$/);
    await expect(UserFile.open(join(folder, 'users.xlsx'))).rejects.toThrow('.csv, .ndjson, .jsonl');
  });

  it('reads quoted fields of several lines and reports the first line of a record', async () => {
    const text = 'email,name\r\n\r\na@b.c,"one\r\ntwo, ""three"""\r\n"d@e.f",\r\ng@h.i,"4"';
    expect(await recordsOf('users.csv', text)).toEqual([
      { line: 3, fields: { email: 'a@b.c', name: 'one\ntwo, "three"' } },
      { line: 5, fields: { email: 'd@e.f' } },
      { line: 6, fields: { email: 'g@h.i', name: '4' } },
    ]);
  });

  it.each([
    ['that is never closed', '"open'],
    ['that seems to be closed on a later line', '"open\nc@d.e,"x" y'],
    ['in an unquoted field', 'o"pen'],
    ['before the end of a quoted field', '"op"en'],
  ])('rejects only the line with a quote %s', async (_, field) => {
    const filler = Array.from({ length: 20 }, (_line, index) => `user${index}@b.c,`);
    const records = await recordsOf('users.csv', ['email,name', `a@b.c,${field}`, ...filler, 'z@b.c,"Z"'].join('\n'));
    const errors = records.filter((record) => Object.hasOwn(record as object, 'error'));
    expect(errors).toHaveLength(field.split('\n').length);
    expect(records).toHaveLength(errors.length + filler.length + 1);
    expect(records.at(-1)).toMatchObject({ fields: { email: 'z@b.c', name: 'Z' } });
  });

  it('reads at most ten lines to find the end of an unclosed quote', async () => {
    let linesRead = 0;
    function* lines() {
      for (; linesRead < 1_000; linesRead += 1) yield linesRead === 1 ? 'a@b.c,"open\n' : 'email,name\n';
    }
    await readCsv(Readable.from(lines(), { highWaterMark: 1 }), NAMES).next();
    expect(linesRead).toBeLessThan(20);
  });

  it('keeps a NUL and a Unicode line separator, which end no line', async () => {
    const text = 'email,name\n"a@b.c",N\0L\nd@e.f,L\u2028S\n';
    expect(await recordsOf('users.csv', text)).toEqual([
      { line: 2, fields: { email: 'a@b.c', name: 'N\0L' } },
      { line: 3, fields: { email: 'd@e.f', name: 'L\u2028S' } },
    ]);
    expect(await recordsOf('users.ndjson', '{"name":"L\u2028S"}')).toEqual([{ line: 1, fields: { name: 'L\u2028S' } }]);
  });

  it('rejects a line that is too long', async () => {
    const long = 'x'.repeat(1_000_000);
    const error = 'is far too long for one user';
    expect(await recordsOf('users.csv', `email\n${long}\na@b.c\n${long}`)).toEqual([
      { line: 2, error },
      { line: 3, fields: { email: 'a@b.c' } },
      { line: 4, error },
    ]);
  });

  it.each([
    ['CSV', readCsv, 'email\n', 'a@b.c'],
    ['NDJSON', readNdjson, '{}\n', '{"email":"a@b.c"}'],
  ])('reads past a line of %s that is longer than a string can be', async (_, read, first, last) => {
    const chunk = 'x'.repeat(2 ** 24);
    const chunks = [
      first,
      ...Array<string>(Math.ceil(constants.MAX_STRING_LENGTH / chunk.length)).fill(chunk),
      '\n',
      last,
    ];
    const records = [];
    for await (const record of read(Readable.from(chunks), NAMES)) records.push(record);
    expect(records.slice(-2)).toEqual([
      { line: 2, error: 'is far too long for one user' },
      { line: 3, fields: { email: 'a@b.c' } },
    ]);
  });
});
