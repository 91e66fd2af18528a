import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserFile } from './user-file.js';

const KNOWN = ['email', 'name'];

describe('a file of users', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'gatehouse-users-'))));
  afterAll(() => rm(folder, { recursive: true }));

  async function recordsOf(name: string, content: string): Promise<unknown[]> {
    await writeFile(join(folder, name), content);
    const file = await UserFile.open(join(folder, name));
    const records = [];
    for await (const record of file.records(KNOWN)) records.push(record);
    expect(file.progress).toBe(1);
    return records;
  }

  it.each([
    ['a column that is not known', 'email,password\na@example.com,x\n', 'There is no column "password".'],
    ['no address', 'name\nMia\n', 'The column email is missing.'],
    ['a column twice', 'email,name,email\na@example.com,x,y\n', 'The column email is there twice.'],
    ['semicolons', 'email;name\na@example.com;x\n', 'There is no column "email;name".'],
    ['no names of columns', 'a@example.com,Ada\n', 'There is no column "a@example.com".'],
    ['a first line that is no record', 'email,"name\n', 'The column email is missing.'],
    ['a byte order mark and nothing else', '\uFEFF', 'There is no column "".'],
  ])('in CSV with %s is refused', async (_, content, message) => {
    await expect(recordsOf('users.csv', content)).rejects.toThrow(message);
  });

  it('that is not there, not a file, empty, or of another kind is refused', async () => {
    await mkdir(join(folder, 'folder.csv'));
    await writeFile(join(folder, 'empty.csv'), '');
    await expect(UserFile.open(join(folder, 'nowhere.csv'))).rejects.toThrow(/^There is no file .*nowhere\.csv\.$/);
    await expect(UserFile.open(join(folder, 'folder.csv'))).rejects.toThrow(/^There is no file /);
    await expect(UserFile.open(join(folder, 'empty.csv'))).rejects.toThrow(/^The file .* is empty\.$/);
    await expect(UserFile.open(join(folder, 'users.xlsx'))).rejects.toThrow('.csv, .ndjson, .jsonl');
  });

  it('in CSV has quoted fields over several lines, and tells a record by its first line', async () => {
    const text = 'email,name\r\n\r\na@b.c,"one\r\ntwo, ""three"""\r\n"d@e.f",\r\ng@h.i,"4"';
    expect(await recordsOf('users.csv', text)).toEqual([
      { line: 3, fields: { email: 'a@b.c', name: 'one\ntwo, "three"' } },
      { line: 5, fields: { email: 'd@e.f' } },
      { line: 6, fields: { email: 'g@h.i', name: '4' } },
    ]);
  });

  it.each([
    ['that nobody closes', '"open'],
    ['that a later line seems to close', '"open\nc@d.e,"x" y'],
    ['after the field has begun', 'o"pen'],
    ['before the field ends', '"op"en'],
  ])('in CSV with a quote %s loses that line and no other', async (_, field) => {
    const filler = Array.from({ length: 20 }, (_line, index) => `user${index}@b.c,`);
    const records = await recordsOf('users.csv', ['email,name', `a@b.c,${field}`, ...filler, 'z@b.c,"Z"'].join('\n'));
    const faults = records.filter((record) => Object.hasOwn(record as object, 'fault'));
    expect(faults).toHaveLength(field.split('\n').length);
    expect(records).toHaveLength(faults.length + filler.length + 1);
    expect(records.at(-1)).toMatchObject({ fields: { email: 'z@b.c', name: 'Z' } });
  });

  it('may have lines without end: they are skipped in bounded memory', async () => {
    const endless = 'x'.repeat(1_000_000);
    const fault = 'is far too long for one user';
    expect(await recordsOf('users.csv', `email\n${endless}\na@b.c\n${endless}`)).toEqual([
      { line: 2, fault },
      { line: 3, fields: { email: 'a@b.c' } },
      { line: 4, fault },
    ]);
  });
});
