import type { SourceCopy } from '../support/source-copy.js';
import { copyWithoutTutorial, readTutorial, runStep, writeStep } from '../support/tutorial.js';

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
    for (const command of commands) expect(await runStep(source, command)).toMatchObject({ code: 0, stderr: '' });
    for (const step of steps) if ('file' in step) writeStep(source, step);
    expect(await source.npm('typecheck')).toMatchObject({ code: 0, stdout: '' });
  });
});
