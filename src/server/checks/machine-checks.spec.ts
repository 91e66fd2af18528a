import { readFileSync } from 'node:fs';
import { checkNode, checkOpenFiles, checkProcessors, MIN_NODE } from './machine-checks.js';

const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };

describe('checkNode', () => {
  it('requires the version of package.json', () => {
    expect(`>=${MIN_NODE}`).toBe(engines.node);
  });

  it.each([
    ['18.20.0', 'problem'],
    [`${MIN_NODE.split('.')[0]}.0.0`, MIN_NODE.split('.')[1] === '0' ? 'ok' : 'problem'],
    [`${MIN_NODE}.0`, 'ok'],
    ['100.0.0', 'ok'],
  ])('finds for %s: %s', (version, level) => {
    expect(checkNode(version)).toMatchObject({ level, message: expect.stringContaining(version) });
  });
});

describe('checkOpenFiles', () => {
  it.each([
    [null, 'ok'],
    [Infinity, 'ok'],
    [21_010, 'ok'],
    [1_024, 'warning'],
  ])('finds for the limit %s: %s', (limit, level) => {
    expect(checkOpenFiles(limit, 21_010)).toMatchObject([{ level }]);
  });
});

describe('checkProcessors', () => {
  it.each([
    [null, 'ok'],
    [4, 'ok'],
    [1.5, 'warning'],
  ])('finds for the limit %s: %s', (limit, level) => {
    expect(checkProcessors(limit, 4)).toMatchObject([{ level }]);
  });
});
