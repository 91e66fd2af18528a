import { Database } from '../../src/platform/database/database.js';
import type { TokenPurpose } from '../../src/auth/one-time-tokens/one-time-token.entity.js';
import { OneTimeTokensRepository } from '../../src/auth/one-time-tokens/one-time-tokens.repository.js';
import { buildUser } from './builders.js';
import type { TestApp } from './test-app.js';

/** Issues a token as a mail contains it. `email` is the new one of an `email_change`, or the one that `not_me` restores. */
export function issueToken(
  { app }: TestApp,
  purpose: TokenPurpose,
  { id }: { id: string },
  email?: string,
): Promise<string> {
  const tokens = app.get(OneTimeTokensRepository);
  return app.get(Database).transaction((manager) => tokens.issue(manager, purpose, id, email));
}

/** Issues a token that has expired. */
export async function issueOldToken(
  app: TestApp,
  purpose: TokenPurpose,
  user: { id: string },
  email?: string,
): Promise<string> {
  const token = await issueToken(app, purpose, user, email);
  await app.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [user.id]);
  return token;
}

/** Creates a user, issues a token and deactivates the user. */
export async function issueTokenOfInactive(app: TestApp, purpose: TokenPurpose, email?: string): Promise<string> {
  const user = await buildUser(app);
  const token = await issueToken(app, purpose, user, email);
  await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [user.id]);
  return token;
}
