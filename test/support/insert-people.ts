import { newId } from '../../src/common/id.js';
import { decodeToken, forgeToken } from './forge-token.js';
import type { TestApp } from './test-app.js';

/** A user with several sessions. */
export interface Person {
  readonly userId: string;
  readonly sessions: readonly { readonly id: string; readonly token: string }[];
}

/**
 * Inserts users with sessions and forges their access tokens, because signing each in would take minutes.
 *
 * @param genuine an access token of the application
 */
export async function insertPeople(
  app: TestApp,
  genuine: string,
  { users, sessionsEach }: { readonly users: number; readonly sessionsEach: number },
): Promise<Person[]> {
  const { claims } = decodeToken(genuine);
  const people = Array.from({ length: users }, () => ({
    userId: newId(),
    sessionIds: Array.from({ length: sessionsEach }, newId),
  }));
  const userIds = people.map(({ userId }) => userId);
  await app.database.query(
    `INSERT INTO users (id, email, password_hash) SELECT id, id || '@example.com', 'none' FROM unnest($1::uuid[]) AS id`,
    [userIds],
  );
  await app.database.query(
    `INSERT INTO sessions (id, user_id, refresh_salt, idle_expires_at, expires_at)
     SELECT id, user_id, decode(repeat('00', 32), 'hex'), now() + interval '1 hour', now() + interval '1 hour'
       FROM unnest($1::uuid[], $2::uuid[]) AS session (id, user_id)`,
    [people.flatMap(({ sessionIds }) => sessionIds), userIds.flatMap((id) => Array<string>(sessionsEach).fill(id))],
  );
  await app.database.query('ANALYZE users, sessions');
  return people.map(({ userId, sessionIds }) => ({
    userId,
    sessions: sessionIds.map((sid) => ({
      id: sid,
      token: forgeToken(genuine, { claims: { ...claims, sub: userId, sid } }),
    })),
  }));
}
