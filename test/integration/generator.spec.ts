import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { generate } from '../../schematics/generate.js';
import { parseName } from '../../schematics/resource/names.js';
import { SQL_WORDS } from '../../schematics/resource/words.js';
import { runSchematic } from '../../schematics/run.js';
import { SourceCopy } from '../support/source-copy.js';
import { TestDatabase } from '../support/test-database.js';

const FOLDERS = ['src', 'migrations', 'test'];
/** Fields with the longest source. */
const longestFields = (count: number) =>
  Array.from({ length: count }, (_, i) => `kindOfTheArticle${i}:${words(50)}?`).join();

function words(count: number): string {
  return Array.from({ length: count }, (_, i) => `word-number-${i}`).join('/');
}

describe('nest generate', () => {
  let source: SourceCopy;
  let before: string[];
  const changed = () => source.files(...FOLDERS).filter((file) => !before.includes(file));
  const generateResource = (name: string, path?: string, schematic = 'resource') =>
    runSchematic(schematic, { name, ...(path !== undefined && { path }) }, source.folder);

  beforeAll(() => {
    source = SourceCopy.create();
    before = source.files(...FOLDERS);
  });
  afterAll(() => source.delete());

  // These tests come first, because they expect that no file was written before.
  it.each([
    ['an empty name', '', 'title:string', 'Name the module'],
    ['a path out of src', '../x', 'title:string', '"../x" cannot name a module'],
    ['a subfolder', 'orders/sub', 'title:string', 'cannot name a module'],
    ['letters beyond a to z', 'Ünïcode', 'title:string', 'cannot name a module'],
    ['a digit first', '2nd-orders', 'title:string', 'cannot name a module'],
    ['a word that is a number', 'order-2', 'title:string', 'cannot name a module'],
    ['a script', 'orders;ls', 'title:string', 'cannot name a module'],
    ['a member of Object.prototype', '__proto__', 'title:string', 'cannot name a module'],
    ['a folder that exists', 'users', 'title:string', 'src/users already exists'],
    ['the singular of a folder that exists', 'session', 'title:string', 'src/sessions already exists'],
    ['a table that exists', 'one-time-token', 'title:string', '"one_time_tokens" already exists in src/auth/one-time'],
    ['a class that exists', 'events', 'title:string', '"EventDto" already exists in src/platform/audit/dto/event.dto'],
    ['a type that exists', 'pages', 'title:string', 'already exists in src/'],
    ['a route that exists', 'docs', 'title:string', '/docs is already a route'],
    ['a test file that exists', 'logs', 'title:string', 'test/e2e/logs.spec.ts already exists'],
    ['a class of the generated files', 'columns', 'title:string', 'A class Column would hide'],
    ['a key word of PostgreSQL', 'references', 'title:string', '"references" is a key word of PostgreSQL'],
    ['a word of TypeScript', 'arguments', 'title:string', '"arguments" is a reserved word of TypeScript'],
    ['a name that makes long constraints', 'x'.repeat(50), 'title:string', 'PostgreSQL allows 63 characters'],
    ['no fields', 'probe-orders', undefined, 'A module needs at least one field'],
    ['empty fields', 'probe-orders', ' ', 'A module needs at least one field'],
    ['a field without a type', 'probe-orders', 'title', '"title" is not a field'],
    ['an empty field', 'probe-orders', 'title:string,', 'A field is empty'],
    ['a field with a third limit', 'probe-orders', 'title:string:1:2', '"title:string:1:2" is not a field'],
    ['a mark in the middle', 'probe-orders', 'title?:string', '"title?:string" is not a field'],
    ['an unknown type', 'probe-orders', 'title:strng', '"strng" in "title:strng" is not a type'],
    [
      'a type of Object.prototype',
      'probe-orders',
      'title:constructor',
      '"constructor" in "title:constructor" is not a type',
    ],
    [
      'two fields of one name',
      'probe-orders',
      'title:string,title:int',
      'The fields "title" and "title" have the same name',
    ],
    ['two fields of one column', 'probe-orders', 'dueOn:date,dueON:date', 'have the same name'],
    ['two enumerations of one name', 'probe-orders', 'kind:a/b,kinds:c/d', 'have the same name'],
    ['an ID', 'probe-orders', 'id:uuid', 'The field name "id" is reserved'],
    ['an owner', 'probe-orders', 'ownerId:uuid', 'The field name "ownerId" is reserved'],
    ['a time', 'probe-orders', 'createdAt:timestamp', 'The field name "createdAt" is reserved'],
    ['a field named constructor', 'probe-orders', 'constructor:string', 'The field name "constructor" is reserved'],
    ['a field named __proto__', 'probe-orders', '__proto__:string', '"__proto__" cannot name a field'],
    ['a field in snake case', 'probe-orders', 'due_on:date', '"due_on" cannot name a field'],
    [
      'a field that is a reserved word of TypeScript',
      'probe-orders',
      'class:string',
      '"class" is a reserved word of TypeScript',
    ],
    ['a field with a long constraint', 'probe-orders', `${'x'.repeat(60)}:string`, 'PostgreSQL allows 63 characters'],
    ['a length of 0', 'probe-orders', 'title:string:0', '"title:string:0" needs a length from 1 to 20000'],
    ['a length that no body can have', 'probe-orders', 'title:text:20001', 'needs a length from 1 to 20000'],
    ['a length that is no number', 'probe-orders', 'title:string:long', 'needs a length from 1 to 20000'],
    ['a range that is a number', 'probe-orders', 'total:int:5', '"total:int:5" needs a range'],
    ['a reversed range', 'probe-orders', 'total:int:9..1', 'needs a range'],
    ['a range beyond the column', 'probe-orders', 'total:int:0..2147483648', 'needs a range'],
    ['a limited boolean', 'probe-orders', 'done:boolean:3', '"done:boolean:3" has a limit, but boolean takes none'],
    ['one word', 'probe-orders', 'status:open/', 'needs 2 to 50 different words'],
    ['a word given twice', 'probe-orders', 'status:open/open', 'needs 2 to 50 different words'],
    ['a quote in a word', 'probe-orders', `status:open/pa'id`, 'needs 2 to 50 different words'],
    ['too many words', 'probe-orders', `status:${words(51)}`, 'needs 2 to 50 different words'],
    ['too many fields', 'probe-lists', longestFields(20), 'lines. Start with fewer fields.'],
  ])('rejects a resource with %s and writes no file', async (_, name, path, message) => {
    await expect(generateResource(name, path)).rejects.toThrow(message);
    expect(changed()).toEqual([]);
  });

  it.each(['admin-resource', 'public-resource'])('also checks the input of %s', async (schematic) => {
    await expect(generateResource('users', 'title:string', schematic)).rejects.toThrow('src/users already exists');
    await expect(generateResource('probe-orders', 'title:strng', schematic)).rejects.toThrow('is not a type');
    expect(changed()).toEqual([]);
  });

  it.each([{ type: 'graphql-code-first' }, { crud: false }, { flat: true }])(
    'rejects the option %j of the official resource',
    async (options) => {
      const run = runSchematic('resource', { name: 'probe-orders', path: 'title:string', ...options }, source.folder);
      await expect(run).rejects.toThrow('belong to the official schematic');
      expect(changed()).toEqual([]);
    },
  );

  it('passes a name and fields from the command line to the generator', async () => {
    const args = ['generate', 'res', 'ProbeItems', 'title:string:5?,status:open/paid,total:int:-1..1', '--dry-run'];
    const { stdout, stderr } = await source.nest(...args);
    expect(stdout + stderr).toContain('src/probe-items/probe-item-status.ts');
    expect(changed()).toEqual([]);
  });

  it('prints the reason for rejected arguments on the command line', async () => {
    const { stderr } = await source.nest('generate', 'resource', 'probe-orders');
    expect(stderr).toContain('A module needs at least one field.');
    expect(changed()).toEqual([]);
  });

  describe('npm run generate', () => {
    const answer = async (...lines: string[]) => {
      const output = new PassThrough();
      const input = Readable.from([lines.join('\n')]);
      const [code, printed] = await Promise.all([
        generate(input, output, source.folder).finally(() => output.end()),
        text(output),
      ]);
      return { code, printed };
    };

    it('asks again after an invalid answer and writes nothing if the input ends', async () => {
      const { code, printed } = await answer(
        '../x',
        'probe-tasks',
        '4',
        '1',
        '',
        'title:strng',
        'title:int',
        'title:int',
      );
      expect(code).toBe(1);
      for (const message of [
        '"../x" cannot name a module',
        'Answer 1, 2 or 3.',
        'A module needs at least one field',
        '"strng" in "title:strng" is not a type',
        'have the same name',
        'The input ended early. No file was written.',
      ]) {
        expect(printed).toContain(message);
      }
      expect(changed()).toEqual([]);
    });

    it('repeats the fields in a command if the name is taken', async () => {
      const { code, printed } = await answer('users', '3', 'title:string:9', 'isPaid:boolean?', '', '');
      expect(code).toBe(1);
      expect(printed).toContain('src/users already exists.');
      expect(printed).toContain(`npx nest generate public-resource <name> 'title:string:9,isPaid:boolean?'`);
      expect(changed()).toEqual([]);
    });

    it('writes the module that the answers describe', async () => {
      const { code, printed } = await answer('probe-tasks', '2', 'title:string:9', '', '');
      expect([code, printed]).toEqual([0, expect.stringContaining('src/probe-tasks/probe-tasks.admin.controller.ts')]);
      expect(source.read('src/probe-tasks/probe-tasks.admin.controller.ts')).toContain(
        `@Controller('admin/probe-tasks')`,
      );
    });
  });

  describe('with valid input', () => {
    const resources: [schematic: string, name: string, path: string][] = [
      ['resource', 'probe-orders', 'title:string:120,total:int,status:open/paid/on-hold,kind:A/b_1?'],
      ['admin-resource', 'probe-news', 'headline:text'],
      ['public-resource', 'debuggers', 'isShown:boolean'],
    ];

    beforeAll(async () => {
      for (const [schematic, name, path] of resources) await generateResource(name, path, schematic);
    });

    it('writes the files of a module and edits no list but app.module.ts', () => {
      expect(
        changed()
          .filter((file) => /probe-?orders?/i.test(file))
          .sort(),
      ).toEqual([
        expect.stringMatching(/^migrations\/\d{13}-CreateProbeOrders\.ts$/),
        'src/probe-orders/dto/create-probe-order.dto.ts',
        'src/probe-orders/dto/probe-order-page.dto.ts',
        'src/probe-orders/dto/probe-order.dto.ts',
        'src/probe-orders/dto/update-probe-order.dto.ts',
        'src/probe-orders/probe-order-kind.ts',
        'src/probe-orders/probe-order-status.ts',
        'src/probe-orders/probe-order.entity.ts',
        'src/probe-orders/probe-orders.controller.ts',
        'src/probe-orders/probe-orders.errors.ts',
        'src/probe-orders/probe-orders.module.ts',
        'src/probe-orders/probe-orders.repository.ts',
        'src/probe-orders/probe-orders.service.spec.ts',
        'src/probe-orders/probe-orders.service.ts',
        'test/e2e/probe-orders.spec.ts',
      ]);
      const edited = before.filter((file) => source.read(file) !== readFileSync(file, 'utf8'));
      expect(edited).toEqual(['src/app.module.ts']);
    });

    it('dates each migration after all others', () => {
      const names = source
        .files('migrations')
        .map((file) => basename(file))
        .sort();
      expect(names.slice(-resources.length).map((name) => name.slice(14))).toEqual([
        'CreateProbeOrders.ts',
        'CreateProbeNews.ts',
        'CreateDebuggers.ts',
      ]);
    });
  });
});

describe('the names of a module', () => {
  it.each([
    ['purchase-orders', 'purchase-orders', 'PurchaseOrder', 'purchaseOrder', 'a purchase order'],
    ['PurchaseOrders', 'purchase-orders', 'PurchaseOrder', 'purchaseOrder', 'a purchase order'],
    ['order_item', 'order-items', 'OrderItem', 'orderItem', 'an order item'],
    ['news', 'news', 'News', 'news', 'a news item'],
    ['daily-news', 'daily-news', 'DailyNews', 'dailyNews', 'a daily news item'],
    ['address', 'addresses', 'Address', 'address', 'an address'],
    ['categories', 'categories', 'Category', 'category', 'a category'],
    ['classes', 'classes', 'Class', 'classRow', 'a class'],
    ['units', 'units', 'Unit', 'unit', 'a unit'],
  ])('follow from %s', (text, folder, entity, one, sentence) => {
    const names = parseName(text);
    expect([names.folder, names.entity, names.one]).toEqual([folder, entity, one]);
    expect(`${names.article} ${names.words}`).toBe(sentence);
  });

  it('avoid every key word of PostgreSQL', async () => {
    const database = await TestDatabase.create();
    const rows = await database.query<{ word: string }>(`SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'`);
    await database.drop();
    expect(rows.map(({ word }) => word).filter((word) => !SQL_WORDS.has(word))).toEqual([]);
  });
});
