import { createHmac, hkdfSync } from 'node:crypto';
import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { RefreshTokens } from '../../src/sessions/refresh-token.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { mailKinds } from '../support/account-records.js';
import { NO_DATABASE } from '../support/constants.js';
import { decodeToken } from '../support/forge-token.js';
import { issueVersion1 } from '../support/old-refresh-token.js';
import { sessionRow } from '../support/session-row.js';
import { TEST_SECRET, TestApp } from '../support/test-app.js';

describe('POST /auth/refresh', () => {
  let app: TestApp;
  let other: TestApp;
  /** Has the longest grace period, so that a slow test does not exceed it. */
  let lenient: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
    lenient = await TestApp.start({ database: app.database, env: { REFRESH_GRACE: '1m' } });
  });
  afterAll(() => app.close());

  const refresh = (refreshToken: unknown, at = app) => at.request.post('/auth/refresh').send({ refreshToken });
  const refreshed = async (refreshToken: string): Promise<string> =>
    (await refresh(refreshToken).expect(200)).body.refreshToken as string;
  const row = (id: string) => sessionRow(app.database, id);

  /** Moves the last rotation of a session back in time. */
  const ageRotation = (id: string, interval: string) =>
    app.database.query('UPDATE sessions SET refreshed_at = refreshed_at - $2::interval WHERE id = $1', [id, interval]);

  /** Uses an access token, and records that. */
  const use = async (accessToken: string) => {
    await app.as(accessToken).get('/users/me').expect(200);
    await app.app.get(LastSeenRecorder).flush();
  };

  const bytesOf = (token: string) => Buffer.from(token, 'base64url');
  /** Version, session ID, counter and user ID. The HMAC follows. */
  const HEAD_BYTES = 37;

  it('returns the next token pair of the session with exactly the documented fields', async () => {
    const ada = await buildSignedIn(app);
    const { body, headers } = await refresh(ada.refreshToken).expect(200);
    const me = await app.as(body.accessToken).get('/users/me').expect(200);
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{43}$/),
      refreshToken: expect.stringMatching(/^[\w-]{92}$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      sessionId: ada.sessionId,
      user: me.body,
    });
    expect(body.refreshToken).not.toBe(ada.refreshToken);
    expect(decodeToken(body.accessToken).claims).toMatchObject({ sub: ada.id, sid: ada.sessionId });
    expect(headers['cache-control']).toBe('no-store');
  });

  describe('with a token of version 1, which has no user ID', () => {
    const refreshSecret = Buffer.from(hkdfSync('sha256', TEST_SECRET, '', 'gatehouse refresh secret v1', 32));
    const oldToken = async (id: string, counter: number) =>
      issueVersion1(refreshSecret, { id, refreshSalt: (await row(id)).refresh_salt }, counter);

    it('returns the successor that its current version has', async () => {
      const ada = await buildSignedIn(app);
      const successor = await refreshed(await oldToken(ada.sessionId, 0));
      expect(await refreshed(ada.refreshToken)).toBe(successor);
      expect((await row(ada.sessionId)).refresh_counter).toBe(1);
    });

    it('detects reuse', async () => {
      const ada = await buildSignedIn(app);
      await refreshed(await refreshed(ada.refreshToken));
      const { body } = await refresh(await oldToken(ada.sessionId, 0)).expect(401);
      expect(body.code).toBe('refresh_token_reused');
    });
  });

  it('rejects a genuine token whose user is not that of the session', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    const { refresh_salt: refreshSalt } = await row(ada.sessionId);
    const { body } = await refresh(
      app.app.get(RefreshTokens).issue({ id: ada.sessionId, userId: eve.id, refreshSalt }, 0),
    ).expect(401);
    expect(body.code).toBe('refresh_token_invalid');
    await refreshed(ada.refreshToken);
  });

  it('ignores an access token', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    const { refreshToken } = ada;
    const { body } = await app.as(eve.accessToken).post('/auth/refresh').send({ refreshToken }).expect(200);
    expect(body.user.id).toBe(ada.id);
  });

  it('keeps earlier access tokens valid', async () => {
    const ada = await buildSignedIn(app);
    await refreshed(ada.refreshToken);
    const { body } = await app.as(ada.accessToken).get('/users/me').expect(200);
    expect(body.id).toBe(ada.id);
  });

  it('works 100 times in a row on alternating instances', async () => {
    const ada = await buildSignedIn(app);
    let token = ada.refreshToken;
    for (let i = 0; i < 100; i += 1) token = (await refresh(token, i % 2 ? app : other).expect(200)).body.refreshToken;
    expect((await row(ada.sessionId)).refresh_counter).toBe(100);
  });

  describe('with a used token', () => {
    it('returns the same successor within the grace period', async () => {
      const ada = await buildSignedIn(app);
      const successor = await refreshed(ada.refreshToken);
      await ageRotation(ada.sessionId, '50 seconds');
      const { body } = await refresh(ada.refreshToken, lenient).expect(200);
      expect(body.refreshToken).toBe(successor);
      expect((await row(ada.sessionId)).refresh_counter).toBe(1);
    });

    it('returns a valid access token within the grace period', async () => {
      const ada = await buildSignedIn(app);
      await refreshed(ada.refreshToken);
      const { body } = await refresh(ada.refreshToken, lenient).expect(200);
      const me = await app.as(body.accessToken).get('/users/me').expect(200);
      expect(me.body.id).toBe(ada.id);
    });

    describe('whose response was lost, after the grace period', () => {
      /** Refreshes a new session and pretends that the response was lost a day ago. */
      const lose = async () => {
        const ada = await buildSignedIn(app);
        const { body } = await refresh(ada.refreshToken).expect(200);
        await ageRotation(ada.sessionId, '1 day');
        return { ...ada, successor: body.refreshToken as string, nextAccessToken: body.accessToken as string };
      };

      it('returns the same successor and records that', async () => {
        const { id, email, sessionId, refreshToken, successor } = await lose();
        const { body } = await refresh(refreshToken, other).expect(200);
        expect(body.refreshToken).toBe(successor);
        expect(await row(sessionId)).toMatchObject({ refresh_counter: 1, revoked_at: null });
        await app.as(body.accessToken).get('/users/me').expect(200);
        expect(await mailKinds(app, { email })).not.toContain('refresh_token_reused');
        const events = await app.database.query(
          `SELECT outcome, reason, session_id FROM audit_events WHERE user_id = $1 AND type = 'token_refresh'`,
          [id],
        );
        expect(events).toEqual([{ outcome: 'success', reason: 'repeated', session_id: sessionId }]);
      });

      it('returns the same successor while only an earlier access token is used', async () => {
        const { accessToken, sessionId, refreshToken, successor } = await lose();
        await app.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 day' WHERE id = $1`, [
          sessionId,
        ]);
        await use(accessToken);
        expect(await refreshed(refreshToken)).toBe(successor);
      });

      it('revokes the session once the access token of the response was used', async () => {
        const { email, sessionId, refreshToken, accessToken, nextAccessToken } = await lose();
        await Promise.all([use(nextAccessToken), app.as(accessToken).get('/users/me').expect(200)]);
        await app.app.get(LastSeenRecorder).flush();
        const { body } = await refresh(refreshToken).expect(401);
        expect(body.code).toBe('refresh_token_reused');
        expect((await row(sessionId)).revoked_reason).toBe('refresh_reuse');
        expect(await mailKinds(app, { email })).toContain('refresh_token_reused');
      });

      it('revokes the session once the refresh token of the response was used', async () => {
        const { refreshToken, successor } = await lose();
        await refreshed(successor);
        const { body } = await refresh(refreshToken, other).expect(401);
        expect(body.code).toBe('refresh_token_reused');
      });

      it('reveals a thief of the unused pair at the owner’s next refresh', async () => {
        const { sessionId, refreshToken, successor, nextAccessToken } = await lose();
        const thief = (await refresh(refreshToken).expect(200)).body as { accessToken: string; refreshToken: string };
        await use(nextAccessToken);
        const next = (await refresh(thief.refreshToken).expect(200)).body as { accessToken: string };
        await use(next.accessToken);
        await ageRotation(sessionId, '1 day');
        const { body } = await refresh(successor).expect(401);
        expect(body.code).toBe('refresh_token_reused');
      });
    });

    it('revokes the session after the grace period, despite the 401', async () => {
      const ada = await buildSignedIn(app);
      const { refreshToken: successor, accessToken } = (await refresh(ada.refreshToken).expect(200)).body as SignedIn;
      await use(accessToken);
      await ageRotation(ada.sessionId, '10 seconds');
      const { body } = await refresh(ada.refreshToken).expect(401);
      expect(body.code).toBe('refresh_token_reused');
      expect(await row(ada.sessionId)).toMatchObject({ revoked_reason: 'refresh_reuse', revoked_by: null });
      expect((await refresh(successor, other)).body).toMatchObject({
        code: 'session_revoked',
        reason: 'refresh_reuse',
      });
    });

    it('revokes the session immediately if the grace period is zero', async () => {
      const strict = await TestApp.start({ database: app.database, env: { REFRESH_GRACE: '0s' } });
      const ada = await buildSignedIn(app);
      await refreshed(ada.refreshToken);
      const { status, body } = await refresh(ada.refreshToken, strict);
      await strict.close();
      expect([status, body.code]).toEqual([401, 'refresh_token_reused']);
    });

    it('revokes the session if its successor was used, even within the grace period', async () => {
      const ada = await buildSignedIn(app);
      await refreshed(await refreshed(ada.refreshToken));
      const { body } = await refresh(ada.refreshToken).expect(401);
      expect(body.code).toBe('refresh_token_reused');
    });

    it('rejects all tokens of the session on every instance', async () => {
      const ada = await buildSignedIn(app);
      const second = await refresh(ada.refreshToken).expect(200);
      const third = await refreshed(second.body.refreshToken as string);
      await refresh(ada.refreshToken).expect(401);
      const answers = await Promise.all(
        [app, other].flatMap((at) => [
          at.as(ada.accessToken).get('/users/me'),
          at.as(second.body.accessToken as string).get('/users/me'),
          ...[ada.refreshToken, second.body.refreshToken, third].map((token) => refresh(token, at)),
        ]),
      );
      const seen = answers.map(({ status, body }) => `${status} ${body.code} ${body.reason}`);
      expect([...new Set(seen)]).toEqual(['401 session_revoked refresh_reuse']);
    });

    it('revokes no other session of the user', async () => {
      const ada = await buildUser(app);
      const [one, two] = [await signIn(app, ada), await signIn(app, ada)];
      await refreshed(await refreshed(one.refreshToken));
      await refresh(one.refreshToken).expect(401);
      const { body } = await refresh(two.refreshToken).expect(200);
      expect(body.sessionId).toBe(two.sessionId);
    });

    it('keeps the reason of a session that is already revoked', async () => {
      const ada = await buildSignedIn(app);
      await refreshed(await refreshed(ada.refreshToken));
      await app.as(ada.accessToken).post('/auth/logout').expect(204);
      const { body } = await refresh(ada.refreshToken).expect(401);
      expect(body).toMatchObject({ code: 'session_revoked', reason: 'logout' });
      expect((await row(ada.sessionId)).revoked_reason).toBe('logout');
    });
  });

  describe('with a forged token', () => {
    const changed = (token: string, at: number, to?: number) => {
      const bytes = bytesOf(token);
      bytes[at] = to ?? (bytes[at] ?? 0) ^ 1;
      return bytes.toString('base64url');
    };
    const forgeries: readonly [string, (own: string, foreign: string) => string][] = [
      ['a later version', (own) => changed(own, 0, 3)],
      ['version 0', (own) => changed(own, 0, 0)],
      ['version 1', (own) => changed(own, 0, 1)],
      [
        'version 1 without the user ID',
        (own) =>
          Buffer.concat([Buffer.of(1), bytesOf(own).subarray(1, 21), bytesOf(own).subarray(HEAD_BYTES)]).toString(
            'base64url',
          ),
      ],
      ['another counter', (own) => changed(own, 20)],
      ['the largest counter', (own) => bytesOf(own).fill(255, 17, 21).toString('base64url')],
      ['a session that does not exist', (own) => changed(own, 16)],
      ['another user', (own) => changed(own, 36)],
      [
        'another session’s id',
        (own, foreign) =>
          Buffer.concat([bytesOf(foreign).subarray(0, HEAD_BYTES), bytesOf(own).subarray(HEAD_BYTES)]).toString(
            'base64url',
          ),
      ],
      [
        'another session’s signature',
        (own, foreign) =>
          Buffer.concat([bytesOf(own).subarray(0, HEAD_BYTES), bytesOf(foreign).subarray(HEAD_BYTES)]).toString(
            'base64url',
          ),
      ],
      ['a wrong signature', (own) => changed(own, 68)],
      ['a signature of zeros', (own) => bytesOf(own).fill(0, HEAD_BYTES).toString('base64url')],
      ['no signature', (own) => bytesOf(own).subarray(0, HEAD_BYTES).toString('base64url')],
      ['one byte too few', (own) => bytesOf(own).subarray(0, 68).toString('base64url')],
      ['one byte too many', (own) => Buffer.concat([bytesOf(own), Buffer.alloc(1)]).toString('base64url')],
      ['padding', (own) => `${own}=`],
      ['a trailing space', (own) => `${own} `],
      ['a line break', (own) => `${own.slice(0, 10)}\n${own.slice(10)}`],
      ['hexadecimal encoding', (own) => bytesOf(own).toString('hex')],
      ['one character', () => 'x'],
    ];

    it.each(forgeries)('that has %s returns 401 and revokes nothing', async (_, forge) => {
      const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
      const { body, headers } = await refresh(forge(ada.refreshToken, eve.refreshToken)).expect(401);
      expect(body.code).toBe('refresh_token_invalid');
      expect(headers['www-authenticate']).toBe('Bearer');
      await refreshed(ada.refreshToken);
      await refreshed(eve.refreshToken);
    });

    it('of a deleted session returns 401', async () => {
      const ada = await buildSignedIn(app);
      await app.database.query('DELETE FROM sessions WHERE id = $1', [ada.sessionId]);
      const { body } = await refresh(ada.refreshToken).expect(401);
      expect(body.code).toBe('refresh_token_invalid');
    });

    it('with a counter ahead of a restored database gets 401 and revokes nothing', async () => {
      const ada = await buildSignedIn(app);
      const latest = await refreshed(await refreshed(ada.refreshToken));
      await app.database.query('UPDATE sessions SET refresh_counter = 0 WHERE id = $1', [ada.sessionId]);
      const { body } = await refresh(latest).expect(401);
      expect(body.code).toBe('refresh_token_invalid');
      expect((await row(ada.sessionId)).revoked_at).toBeNull();
    });

    it('derived from the session row alone returns 401', async () => {
      const ada = await buildSignedIn(app);
      const { refresh_salt: salt, refresh_counter: counter } = await row(ada.sessionId);
      const head = bytesOf(ada.refreshToken).subarray(0, HEAD_BYTES);
      expect(head.readUInt32BE(17)).toBe(counter);
      const derived = (secret: string | Buffer) =>
        Buffer.from(hkdfSync('sha256', secret, salt, 'gatehouse refresh token v1', 32));
      // The salt, keys derived from columns, and a key derived from the secret of access tokens itself.
      const keys = [salt, derived(''), derived(salt), derived(ada.sessionId), derived(ada.id), derived(TEST_SECRET)];
      const tokens = keys.map((key) =>
        Buffer.concat([head, createHmac('sha256', key).update(head).digest()]).toString('base64url'),
      );
      const answers = await Promise.all(tokens.map((token) => refresh(token)));
      expect([...new Set(answers.map(({ body }) => String(body.code)))]).toEqual(['refresh_token_invalid']);
    });
  });

  it('stores no part of the token in the database', async () => {
    const ada = await buildSignedIn(app);
    const mac = bytesOf(ada.refreshToken).subarray(HEAD_BYTES).toString('hex');
    const [dump] = await app.database.query<{ text: string }>(
      'SELECT sessions::text AS text FROM sessions WHERE id = $1',
      [ada.sessionId],
    );
    expect(dump?.text).toContain((await row(ada.sessionId)).refresh_salt.toString('hex'));
    expect(dump?.text).not.toContain(mac.slice(0, 16));
    expect(dump?.text).not.toContain(ada.refreshToken.slice(-22));
  });

  it('uses a separate 256-bit random salt for each session', async () => {
    const ada = await buildUser(app);
    const sessions = await Promise.all(Array.from({ length: 10 }, () => signIn(app, ada)));
    const salts: Buffer[] = [];
    for (const { sessionId } of sessions) salts.push((await row(sessionId)).refresh_salt);
    expect(salts.map((salt) => salt.length)).toEqual(salts.map(() => 32));
    expect(new Set(salts.map((salt) => salt.toString('hex'))).size).toBe(10);
  });

  it('rejects an inactive user', async () => {
    const ada = await buildSignedIn(app);
    await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
    const { body } = await refresh(ada.refreshToken).expect(401);
    expect(body.code).toBe('user_inactive');
  });

  it.each([
    ['no fields', {}],
    ['null', { refreshToken: null }],
    ['a number', { refreshToken: 7 }],
    ['a list', { refreshToken: ['x'] }],
    ['an object', { refreshToken: { length: 92 } }],
    ['an empty string', { refreshToken: '' }],
    ['a string that is too long', { refreshToken: 'A'.repeat(513) }],
    ['a NUL', { refreshToken: 'A\0' }],
    ['the OAuth field name', { refresh_token: 'x' }],
    ['an extra field', { refreshToken: 'x', sessionId: 'x' }],
  ])('rejects a body with %s with 400', async (_, sent) => {
    const { body } = await app.request.post('/auth/refresh').send(sent).expect(400);
    expect(body.code).toBe('validation_failed');
  });

  it('rejects a malformed token without querying the database', async () => {
    const env = { DATABASE_URL: NO_DATABASE };
    const cut = await TestApp.start({ database: app.database, env });
    const { refreshToken } = await buildSignedIn(app);
    const malformed = await refresh('x', cut);
    const good = await refresh(refreshToken, cut);
    await cut.close();
    expect([malformed.status, malformed.body.code]).toEqual([401, 'refresh_token_invalid']);
    expect([good.status, good.body.code]).toEqual([503, 'database_unavailable']);
  });
});
