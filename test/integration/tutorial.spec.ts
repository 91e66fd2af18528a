import { runSchematic } from '../../schematics/run.js';
import type { SourceCopy } from '../support/source-copy.js';
import { copyWithoutTutorial, readTutorial, writeStep } from '../support/tutorial.js';

describe('docs/tutorial.md', () => {
  let source: SourceCopy;
  beforeAll(() => {
    source = copyWithoutTutorial();
  });
  afterAll(() => source.delete());

  it('generates a module and writes files that compile together', async () => {
    const steps = readTutorial();
    const commands = steps.flatMap((step) =>
      'command' in step && step.command.startsWith('npx ') ? [step.command] : [],
    );
    expect(commands).toHaveLength(1);
    // Without the command line of Nest, which costs 3 s. The long run uses it.
    const [, , , schematic = '', name, path] = commands[0]?.split(' ') ?? [];
    expect(await runSchematic(schematic, { name, path }, source.folder)).not.toEqual([]);
    for (const step of steps) if ('file' in step) writeStep(source, step);
    expect(await source.npm('typecheck')).toMatchObject({ code: 0, stdout: '' });
  });
});
