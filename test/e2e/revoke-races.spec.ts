import type { Response } from 'supertest';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('a refresh concurrent with the end of its session', () => {
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const refresh = async (refreshToken: string, at = app) => at.request.post('/auth/refresh').send({ refreshToken });
  const me = async (accessToken: string) => app.as(accessToken).get('/users/me');

  type End = (ada: SignedIn) => PromiseLike<Response>;
  const endings: readonly [what: string, code: string, end: End][] = [
    ['a sign-out', 'session_revoked', (ada) => other.as(ada.accessToken).post('/auth/logout')],
    [
      'a revocation by its user',
      'session_revoked',
      (ada) => other.as(ada.accessToken).delete(`/sessions/${ada.sessionId}`),
    ],
    [
      'a sign-out of all devices',
      'session_revoked',
      (ada) => other.as(ada.accessToken).delete('/sessions').query({ scope: 'all' }),
    ],
    [
      'a revocation by an admin',
      'session_revoked',
      (ada) => other.as(admin.accessToken).delete(`/admin/sessions/${ada.sessionId}`),
    ],
    [
      'a bulk revocation',
      'session_revoked',
      (ada) => other.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }),
    ],
    [
      'a forced expiry',
      'session_expired',
      (ada) =>
        other
          .as(admin.accessToken)
          .patch(`/admin/sessions/${ada.sessionId}`)
          .send({ expiresAt: '2001-01-01T00:00:00Z' }),
    ],
    [
      'a deactivation',
      'user_inactive',
      (ada) => other.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive: false }),
    ],
    [
      'a password reset',
      'session_revoked',
      async (ada) => {
        const token = await issueToken(other, 'password_reset', ada);
        return other.request.post('/auth/password/reset').send({ token, newPassword: 'nine candles before dawn' });
      },
    ],
  ];

  /** Lets both requests wait for the session's row. They get it in this order. */
  const queue = ({ sessionId }: SignedIn, first: () => PromiseLike<Response>, second: () => PromiseLike<Response>) =>
    app.database.queue(`SELECT FROM sessions WHERE id = '${sessionId}' FOR UPDATE`, first, second);

  it.each(endings)('fails if %s comes first', async (_, code, end) => {
    const ada = await buildSignedIn(app);
    const [ended, refreshed] = await queue(
      ada,
      () => end(ada),
      () => refresh(ada.refreshToken),
    );
    expect(ended.ok).toBe(true);
    expectProblem(refreshed, 401, code);
    expectProblem(await me(ada.accessToken), 401, code);
  });

  it.each(endings)('returns tokens that stop working if %s comes second', async (_, code, end) => {
    const ada = await buildSignedIn(app);
    const [refreshed, ended] = await queue(
      ada,
      () => refresh(ada.refreshToken),
      () => end(ada),
    );
    expect([refreshed.ok, ended.ok]).toEqual([true, true]);
    const { accessToken, refreshToken } = refreshed.body as SignedIn;
    for (const token of [accessToken, ada.accessToken]) expectProblem(await me(token), 401, code);
    for (const token of [refreshToken, ada.refreshToken]) expectProblem(await refresh(token, other), 401, code);
  });
});

describe('a refresh that waits for a lock', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    // With this constraint, no session is past its absolute timeout only.
    await app.database.query('ALTER TABLE sessions DROP CONSTRAINT ck_sessions_idle_expires_at');
  });
  afterAll(() => app.close());

  const changes: readonly [what: string, code: string, change: (ada: SignedIn) => string][] = [
    [
      'session is revoked',
      'session_revoked',
      ({ sessionId }) => `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE id = '${sessionId}'`,
    ],
    [
      'idle timeout passes',
      'session_expired',
      ({ sessionId }) => `UPDATE sessions SET idle_expires_at = now() - interval '1 minute' WHERE id = '${sessionId}'`,
    ],
    [
      'absolute timeout passes',
      'session_expired',
      ({ sessionId }) => `UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE id = '${sessionId}'`,
    ],
    [
      'user becomes inactive',
      'user_inactive',
      // Updating the user alone does not make a refresh wait.
      ({ id }) => `LOCK TABLE sessions IN EXCLUSIVE MODE; UPDATE users SET is_active = false WHERE id = '${id}'`,
    ],
  ];

  it.each(changes)('fails and changes nothing if its %s meanwhile', async (_, code, change) => {
    const { database } = app;
    const ada = await buildSignedIn(app);
    const row = () => sessionRow(database, ada.sessionId);
    const [sent, before] = await database.withLock(change(ada), async () => {
      // The refresh must read the session before the change commits.
      const { refreshToken } = ada;
      const waiting = app.request.post('/auth/refresh').send({ refreshToken }).then();
      await until('the refresh waits', async () => (await database.waiting()).length === 1);
      const left = await row();
      await database.query('COMMIT');
      return [waiting, left];
    });
    expectProblem(await sent, 401, code);
    expect(await row()).toEqual(before);
  });
});
