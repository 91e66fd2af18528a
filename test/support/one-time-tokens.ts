import { Database } from '../../src/database/database.js';
import { OneTimeTokens } from '../../src/one-time-tokens/one-time-tokens.js';
import type { TokenPurpose } from '../../src/one-time-tokens/token-purpose.js';
import type { TestApp } from './test-app.js';

/** A token as it would stand in a mail. */
export function issueToken({ app }: TestApp, purpose: TokenPurpose, { id }: { id: string }): Promise<string> {
  return app.get(Database).transaction((manager) => app.get(OneTimeTokens).issue(manager, purpose, id));
}
