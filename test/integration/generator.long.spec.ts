import { SourceCopy } from '../support/source-copy.js';

/** Every type, with and without a limit, required and optional, and names that are key words of PostgreSQL. */
const ALL_TYPES =
  'title:string,order:string:1?,body:text:20000,total:int,user:int:-5..5?,isPaid:boolean,done:boolean?,dueOn:date,from:date?,sentAt:timestamp,end:timestamp?,productId:uuid,parentId:uuid?,status:open/paid/on-hold,kind:A/b_1?';
/** Fields with the longest source. */
const LONGEST_FIELDS = Array.from({ length: 10 }, (_, i) => {
  const words = Array.from({ length: 50 }, (_, j) => `word-number-${j}`);
  return `kindOfTheArticle${i}:${words.join('/')}?`;
}).join();

/** Each step depends on the previous one. */
describe('generated modules in a copy of the source', () => {
  let source: SourceCopy;
  beforeAll(() => {
    source = SourceCopy.create();
  });
  afterAll(() => source.delete());

  it.each([
    ['resource', 'probe-orders', 'title:string:120,total:int,status:open/paid'],
    ['resource', 'probe-news', 'headline:string:200,body:text?,on:date,kind:report/opinion?'],
    ['public-resource', 'probe-prices', 'product:string:80,cents:int:0..1000000,validFrom:timestamp?'],
    ['resource', 'probe-things', ALL_TYPES],
    ['admin-resource', 'probe-notices', ALL_TYPES],
    ['public-resource', 'debuggers', ALL_TYPES],
    ['resource', 'probe-tags', 'a:string?'],
    ['resource', 'probe-articles', LONGEST_FIELDS],
    ['admin-resource', 'probe-labels', 'label:string:40,isShown:boolean,groupId:uuid?'],
    ['module', 'probe-todos'],
    ['controller', 'probe-todos'],
    ['service', 'probe-todos'],
    ['provider', 'probe-todos'],
    ['gateway', 'probe-todos'],
    ['guard', 'probe-todos'],
    ['interceptor', 'probe-todos'],
    ['filter', 'probe-todos'],
    ['pipe', 'probe-todos'],
    ['middleware', 'probe-todos'],
    ['decorator', 'probe-todos'],
    ['class', 'probe-list'],
  ])('are written: %s %s', async (...args) => {
    expect(await source.nest('generate', ...args)).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['migration:run'],
    ['migration:generate'],
    ['migration:revert'],
    ['client'],
    ['check'],
    // Their own tests, and those that read the API document, the schema or the imports.
    ['jest', 'probe|debuggers|openapi|authorization|bad-input|patch|migrations|dependency-rules'],
  ])(
    'pass npm run %s',
    async (script, ...args) => {
      const { code, stdout, stderr } = await source.npm(script, ...args);
      expect(code === 0 ? '' : stdout + stderr).toBe('');
    },
    900_000,
  );
});
