import type { SourceCopy } from '../support/source-copy.js';
import { copyWithoutTutorial, readTutorial, runStep, writeStep } from '../support/tutorial.js';

/** The copy of the source replaces these commands. */
const CLONE = /^(?:git clone|cd|npm ci)\b/;
/** `npm test` without the test files that do not depend on the module. */
const TESTS = [
  'npm run check',
  'npm run jest -- notes|openapi|authorization|bad-input|safe-methods|patch|migrations|rules',
];

/** Follows the tutorial. Returns the output of the first command that fails. */
async function findFailure(source: SourceCopy): Promise<string | null> {
  for (const step of readTutorial()) {
    if ('file' in step) {
      writeStep(source, step);
      continue;
    }
    const commands = step.command === 'npm test' ? TESTS : [step.command].filter((command) => !CLONE.test(command));
    for (const command of commands) {
      const { code, stdout, stderr } = await runStep(source, command);
      if (code !== 0) return `${command}\n${stdout}${stderr}`;
    }
  }
  return null;
}

describe('docs/tutorial.md', () => {
  let source: SourceCopy;
  beforeAll(() => {
    source = copyWithoutTutorial();
  });
  afterAll(() => source.delete());

  it('works from the first command to the last', async () => {
    expect(await findFailure(source)).toBeNull();
  }, 1_800_000);
});
