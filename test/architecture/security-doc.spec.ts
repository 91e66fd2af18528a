import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeSpans, readTables } from '../support/markdown.js';
import { ASVS_LEVELS } from './asvs-levels.js';

const DOCUMENT = 'docs/security.md';
const DECISIONS = 'docs/security-decisions.md';
const PROMISES = 'What it promises';
const APPLIES = 'What applies';
const APPLIES_NOT = 'What does not apply';
const OPEN = 'What is not met';

/** A promise: a sentence, and on the line below the test that shows it, with a marker if only the long run has it. */
const PROMISE = /^- (\S.*\.)\n {2}`([^`\n]+)`: `([^`\n]+)`( \(long run\))?$/m;

/** What shows a requirement, by how it stands: files, or whose it is, or nothing. */
const FORMS: Readonly<Record<string, RegExp>> = {
  yes: /^`[^`]+`(, `[^`]+`)*$/,
  partly: /^`[^`]+`(, `[^`]+`)*$/,
  operator: /^the operator$/,
  no: /^–$/,
};

/** An import of anything that hashes, signs, encrypts or draws. */
const CRYPTOGRAPHY = /^import (?!type ).* from '(node:crypto|bcrypt|@nestjs\/jwt|jsonwebtoken|uuid)'/m;

const text = readFileSync(DOCUMENT, 'utf8');
const tables = readTables(text);
const rowsBelow = (heading: string) =>
  tables.filter(({ headings }) => headings.includes(heading)).flatMap(({ rows }) => rows);

const ID = /\b\d{1,2}\.\d\.\d{1,2}\b/g;
const idsIn = (words: string) => words.match(ID) ?? [];
const sectionOf = (heading: string) => text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

/** The requirements that an entry such as `5`, `4.3` or `1.2.6` stands for. */
const standsFor = (entry: string) => [...ASVS_LEVELS.keys()].filter((id) => id === entry || id.startsWith(`${entry}.`));

describe('docs/security.md', () => {
  const promises = [...sectionOf(PROMISES).matchAll(new RegExp(PROMISE, 'gm'))].map(
    ([, promise = '', file = '', title = '', marker]) => ({ promise, file, title, marker }),
  );
  const requirements = rowsBelow(APPLIES);
  const excluded = rowsBelow(APPLIES_NOT);

  it('promises something in every chapter', () => {
    const chapters = sectionOf(PROMISES).split('\n### ').slice(1);
    expect(chapters.map((chapter) => chapter.split('\n')[0])).toEqual([
      'Passwords',
      'Recovery and mail',
      'Access tokens',
      'Sessions and refresh',
      'Authorization',
      'Input',
      'Rate limits',
      'Faults',
      'Operation',
    ]);
    expect(chapters.filter((chapter) => !PROMISE.test(chapter))).toEqual([]);
  });

  it('writes each promise as a sentence, and below it the file and the title of one test', () => {
    const rest = sectionOf(PROMISES).replaceAll(new RegExp(PROMISE, 'gm'), '');
    expect(rest.split('\n').filter((line) => line && !line.startsWith('### '))).toEqual([]);
  });

  it('names for each promise an existing test by its literal title', () => {
    expect(promises.length).toBeGreaterThan(100);
    expect(promises.filter(({ file, title }) => countTests(file, title) !== 1)).toEqual([]);
  });

  it('speaks of every requirement of ASVS 5.0.0 once, with the level that it has there', () => {
    const met = requirements.map((row) => `${row['Id']} L${row['Level']}`);
    const unfit = excluded.flatMap((row) => idsOrSections(row['Requirements'] ?? '')).flatMap(standsFor);
    const said = [...met, ...unfit.map((id) => `${id} L${ASVS_LEVELS.get(id)}`)];
    expect(ASVS_LEVELS.size).toBe(345);
    expect(said.sort()).toEqual([...ASVS_LEVELS].map(([id, level]) => `${id} L${level}`).sort());
  });

  it('says of every requirement how it stands, and shows it', () => {
    const unfit = requirements.filter(({ Requirement = '', Met = '', How = '', 'Shown by': shown = '' }) => {
      const isSaid = [Requirement, How].every((words) => /\w{3}/.test(words)) && FORMS[Met]?.test(shown);
      return !isSaid || codeSpans(shown).some((path) => !existsSync(path));
    });
    expect(unfit).toEqual([]);
  });

  it('gives a reason for everything that does not apply', () => {
    expect(excluded.filter((row) => !/\w+ \w+/.test(row['Why'] ?? ''))).toEqual([]);
  });

  it('names what is not met, or only partly, and nothing else, in its list of what is open', () => {
    const unmet = requirements.filter((row) => row['Met'] === 'no' || row['Met'] === 'partly').map((row) => row['Id']);
    expect([...new Set(idsIn(sectionOf(OPEN)))].sort()).toEqual(unmet.sort());
  });

  it('has every requirement that the source names among those that apply', () => {
    const named = sources('src').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bASVS ((?:[\d.]+(?:, | and )?)+)/g)].flatMap(([, ids = '']) =>
        idsIn(ids).map((id) => ({ file, id })),
      ),
    );
    const known = new Set(requirements.map((row) => row['Id']));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ id }) => !known.has(id))).toEqual([]);
  });

  it('has an inventory of every file that uses cryptography', () => {
    const inventory = readTables(readFileSync(DECISIONS, 'utf8')).find(({ headings }) =>
      headings.includes('Keys and algorithms'),
    );
    const files = sources('src').filter((file) => !file.endsWith('.spec.ts'));
    const users = files.filter((file) => CRYPTOGRAPHY.test(readFileSync(file, 'utf8')));
    expect(users.sort()).toEqual(inventory?.rows.flatMap((row) => codeSpans(row['File'] ?? '')).sort());
  });

  it.each(['SECURITY.md', DOCUMENT, DECISIONS])('%s links to files that are there', (file) => {
    const folder = file.startsWith('docs/') ? 'docs/' : '';
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(`${folder}${link}`))).toEqual([]);
  });
});

/** How many times a test file has this title as a string literal. */
function countTests(file: string, title: string): number {
  if (!existsSync(file)) return 0;
  const text = readFileSync(file, 'utf8');
  return [`'${title}'`, `"${title}"`, `\`${title}\``].reduce(
    (count, literal) => count + text.split(literal).length - 1,
    0,
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function idsOrSections(words: string): string[] {
  return words.match(/\d+(?:\.\d+)*/g) ?? [];
}
