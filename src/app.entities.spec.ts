import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entities } from './app.entities.js';

describe('the list of entities', () => {
  it('has every class of the source that is decorated with @Entity', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join('src', file), 'utf8'));
    const names = sources.flatMap((text) =>
      [...text.matchAll(/^@Entity\((?:.|\n)*?^export class (\w+)/gm)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThan(5);
    expect(entities.map(({ name }) => name).sort()).toEqual(names.sort());
  });
});
