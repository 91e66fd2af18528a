import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeSpans } from '../support/markdown.js';
import { ASVS_LEVELS } from './asvs-levels.js';

const DOCUMENT = 'docs/security.md';
const DECISIONS = 'docs/security-decisions.md';
const PROMISES = 'What it promises';
const UNMET = 'What is not met';
const OPERATOR = 'What an operator must do';
const MET = 'What is met';
const NOT_APPLICABLE = 'What does not apply';

/** A promise, and on the next line the file and title of its test. Marked if the test is in the long run only. */
const PROMISE = /^- \S.*\.\n {2}`([^`\n]+)`: `([^`\n]+)`( \(long run\))?$/m;

/** One or more requirements with their levels, a status if not met, how, and the files that show it. */
const REQUIREMENTS = /^- ((?:\d+\.\d+\.\d+ L[123](?:, )?)+)(?: (no|partly))?: \S.*?\.((?: `[^` ]+`,?)*)$/;

const LEVELLED_ID = /\b(\d+\.\d+\.\d+) L([123])\b/g;

/** An import of anything that hashes, signs, encrypts or generates random values. */
const CRYPTOGRAPHY =
  /(^import (?!type ).* from |\bimport\()'(node:crypto|bcrypt|@nestjs\/jwt|jsonwebtoken|uuid|otplib|@simplewebauthn\/server)['/]/m;

const text = readFileSync(DOCUMENT, 'utf8');

describe('docs/security.md', () => {
  const promises = [...sectionOf(PROMISES).matchAll(new RegExp(PROMISE, 'gm'))].map(
    ([, file = '', title = '', marker]) => ({ file, title, isLong: marker !== undefined }),
  );
  const met = itemsOf(MET);
  const unmet = itemsOf(UNMET);

  it('has a promise in every chapter', () => {
    const chapters = sectionOf(PROMISES).split('\n### ').slice(1);
    expect(chapters.map((chapter) => chapter.split('\n')[0])).toEqual([
      'Passwords',
      'Recovery and mail',
      'Second factors',
      'Passkeys',
      'Step-up',
      'Access tokens',
      'Sessions and refresh',
      'Authorization',
      'API keys',
      'Streams',
      'Input',
      'Rate limits',
      'Floods',
      'Faults',
      'Operation',
    ]);
    expect(chapters.filter((chapter) => !PROMISE.test(chapter))).toEqual([]);
  });

  it('writes each promise as a sentence above the file and title of its test', () => {
    const rest = sectionOf(PROMISES).replaceAll(new RegExp(PROMISE, 'gm'), '');
    expect(rest.split('\n').filter((line) => line && !line.startsWith('### '))).toEqual([]);
  });

  it('names one existing test for each promise by its literal title', () => {
    expect(promises.length).toBeGreaterThan(100);
    expect(promises.filter(({ file, title }) => countTests(file, title) !== 1)).toEqual([]);
  });

  it('marks every promise whose test is in a file of the long run', () => {
    expect(promises.filter(({ file, isLong }) => file.endsWith('.long.spec.ts') && !isLong)).toEqual([]);
  });

  it('covers every ASVS 5.0.0 requirement exactly once, with its level', () => {
    const applicable = [MET, UNMET, OPERATOR].flatMap((heading) => sectionOf(heading).match(LEVELLED_ID) ?? []);
    const excluded = itemsOf(NOT_APPLICABLE)
      .flatMap((item) => item.split(':')[0]?.match(/\d+(?:\.\d+)*/g) ?? [])
      .flatMap(requirementsIn);
    const covered = [...applicable, ...excluded.map((id) => `${id} L${ASVS_LEVELS.get(id)}`)];
    expect(ASVS_LEVELS.size).toBe(345);
    expect(covered.sort()).toEqual([...ASVS_LEVELS].map(([id, level]) => `${id} L${level}`).sort());
  });

  it('states the status and existing files of every requirement that it lists', () => {
    const hasForm = (item: string, statuses: readonly (string | undefined)[]) => {
      const [, ids, status, files = ''] = REQUIREMENTS.exec(item) ?? [];
      const paths = codeSpans(files);
      return (
        ids !== undefined &&
        statuses.includes(status) &&
        paths.length > 0 === (status !== 'no') &&
        paths.every((path) => existsSync(path))
      );
    };
    expect(met.filter((item) => !hasForm(item, [undefined]))).toEqual([]);
    expect(unmet.filter((item) => !hasForm(item, ['no', 'partly']))).toEqual([]);
  });

  it('gives a reason for everything that does not apply', () => {
    expect(itemsOf(NOT_APPLICABLE).filter((item) => !/^- [\d., ]+: \S+ .*\.$/.test(item))).toEqual([]);
  });

  it('lists as met or partly met every requirement that a source comment names', () => {
    const shown = [...met, ...unmet.filter((item) => item.includes(' partly: '))];
    const known = new Set(shown.flatMap((item) => [...item.matchAll(LEVELLED_ID)].map(([, id = '']) => id)));
    const named = sources('src').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bASVS ((?:[\d.]+(?:, | and )?)+)/g)].flatMap(
        ([, ids = '']) => ids.match(/\d+\.\d+\.\d+/g)?.map((id) => ({ file, id })) ?? [],
      ),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ id }) => !known.has(id))).toEqual([]);
  });

  it('has every file that uses cryptography in its inventory', () => {
    const inventory = itemsOf('Keys and algorithms', readFileSync(DECISIONS, 'utf8'));
    const files = sources('src').filter((file) => !file.endsWith('.spec.ts'));
    const users = files.filter((file) => CRYPTOGRAPHY.test(readFileSync(file, 'utf8')));
    expect(users.sort()).toEqual(inventory.map((item) => codeSpans(item)[0]).sort());
  });

  it.each(['SECURITY.md', DOCUMENT, DECISIONS])('%s links only to existing files', (file) => {
    const folder = file.startsWith('docs/') ? 'docs/' : '';
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(`${folder}${link}`))).toEqual([]);
  });
});

function sectionOf(heading: string, document = text): string {
  return document.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

function itemsOf(heading: string, document = text): string[] {
  return sectionOf(heading, document)
    .split('\n')
    .filter((line) => line.startsWith('- '));
}

/** Returns the requirements that an entry such as `5`, `4.3` or `1.2.6` covers. */
function requirementsIn(entry: string): string[] {
  return [...ASVS_LEVELS.keys()].filter((id) => id === entry || id.startsWith(`${entry}.`));
}

/** Counts how often a test file contains a title as a string literal. */
function countTests(file: string, title: string): number {
  if (!existsSync(file)) return 0;
  const source = readFileSync(file, 'utf8');
  return [`'${title}'`, `"${title}"`, `\`${title}\``].reduce(
    (count, literal) => count + source.split(literal).length - 1,
    0,
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
