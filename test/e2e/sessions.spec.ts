import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID, RFC_3339, UUID_V7 } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

describe('/sessions', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { TRUST_PROXY: 'loopback' } })));
  afterAll(() => app.close());

  const revocationOf = async (id: string) =>
    (
      await app.database.query<{ revoked_reason: string | null; revoked_by: string | null }>(
        'SELECT revoked_reason, revoked_by FROM sessions WHERE id = $1',
        [id],
      )
    )[0];
  const idsOf = (sessions: { id: string }[]) => sessions.map((session) => session.id);

  describe('GET /sessions/current', () => {
    it('returns the current session with exactly the documented fields', async () => {
      const { email, password } = await buildUser(app);
      const { body: pair } = await app.request
        .post('/auth/login')
        .set('User-Agent', 'Tester/1.0')
        .set('X-Forwarded-For', '2001:db8::7')
        .send({ email, password, deviceName: 'Ada’s laptop' });
      const { body } = await app.as(pair.accessToken).get('/sessions/current').expect(200);
      expect(body).toEqual({
        id: pair.sessionId,
        isCurrent: true,
        kind: 'sign_in',
        scopes: null,
        amr: ['pwd'],
        authenticatedAt: expect.stringMatching(RFC_3339),
        userAgent: 'Tester/1.0',
        deviceName: 'Ada’s laptop',
        ipAddress: '2001:db8::7',
        createdAt: expect.stringMatching(RFC_3339),
        lastSeenAt: expect.stringMatching(RFC_3339),
        idleExpiresAt: expect.stringMatching(RFC_3339),
        expiresAt: expect.stringMatching(RFC_3339),
        revokedAt: null,
        revokedReason: null,
      });
      expect(body.id).toMatch(UUID_V7);
    });
  });

  describe('GET /sessions', () => {
    it('lists the caller’s active sessions and marks the current one', async () => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      await buildSignedIn(app);
      const { body } = await app.as(phone.accessToken).get('/sessions').expect(200);
      expect(Object.keys(body)).toEqual(['items']);
      expect((body.items as { id: string; isCurrent: boolean }[]).map(({ id, isCurrent }) => [id, isCurrent])).toEqual([
        [phone.sessionId, true],
        [laptop.sessionId, false],
      ]);
      expect((await app.as(phone.accessToken).get('/sessions/current')).body).toEqual(body.items[0]);
    });

    it('orders sessions by last activity, most recent first', async () => {
      const oldest = await buildSignedIn(app);
      const middle = await signIn(app, oldest);
      const newest = await signIn(app, oldest);
      // Under a minute, because a request updates an older time.
      for (const [session, seconds] of [
        [oldest, 10],
        [newest, 20],
        [middle, 30],
      ] as const) {
        const sql = `UPDATE sessions SET last_seen_at = now() - $2 * interval '1 second' WHERE id = $1`;
        await app.database.query(sql, [session.sessionId, seconds]);
      }
      const { body } = await app.as(middle.accessToken).get('/sessions').expect(200);
      expect(idsOf(body.items)).toEqual([oldest.sessionId, newest.sessionId, middle.sessionId]);
    });

    it.each([
      ['revoked', `revoked_at = now(), revoked_reason = 'logout'`],
      ['past its idle timeout', 'idle_expires_at = now()'],
      ['past its absolute timeout', 'idle_expires_at = now(), expires_at = now()'],
    ])('omits a session that is %s', async (_, change) => {
      const laptop = await buildSignedIn(app);
      const gone = await signIn(app, laptop);
      await app.database.query(`UPDATE sessions SET ${change} WHERE id = $1`, [gone.sessionId]);
      const { body } = await app.as(laptop.accessToken).get('/sessions').expect(200);
      expect(idsOf(body.items)).toEqual([laptop.sessionId]);
    });

    it('shows the given device name, else the user agent, else "Unknown device"', async () => {
      const { email, password } = await buildUser(app);
      const macOS =
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';
      const login = (userAgent: string, deviceName?: string) =>
        app.request.post('/auth/login').set('User-Agent', userAgent).send({ email, password, deviceName });
      await login(macOS, ' Studio ');
      await login(macOS);
      const { body: pair } = await login('');
      const { body } = await app.as(pair.accessToken).get('/sessions').expect(200);
      const names = (body.items as { deviceName: string }[]).map((session) => session.deviceName);
      expect(names.sort()).toEqual(['Chrome on macOS', 'Studio', 'Unknown device']);
    });
  });

  describe('DELETE /sessions/:id', () => {
    it('revokes another session of the caller with the reason logout_others', async () => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      await app.as(laptop.accessToken).delete(`/sessions/${phone.sessionId}`).expect(204, '');
      const response = await app.as(phone.accessToken).get('/users/me');
      expectProblem(response, 401, 'session_revoked');
      expect(response.body.reason).toBe('logout_others');
      expect(await revocationOf(phone.sessionId)).toEqual({ revoked_reason: 'logout_others', revoked_by: laptop.id });
      await app.as(laptop.accessToken).get('/users/me').expect(200);
    });

    it('revokes the current session by its name', async () => {
      const { accessToken, id, sessionId } = await buildSignedIn(app);
      await app.as(accessToken).delete('/sessions/current').expect(204);
      expect(await revocationOf(sessionId)).toEqual({ revoked_reason: 'logout', revoked_by: id });
      expectProblem(await app.as(accessToken).delete('/sessions/current'), 401, 'session_revoked');
    });

    it('revokes the current session with the reason logout', async () => {
      const { id, accessToken, sessionId } = await buildSignedIn(app);
      await app.as(accessToken).delete(`/sessions/${sessionId}`).expect(204);
      expect(await revocationOf(sessionId)).toEqual({ revoked_reason: 'logout', revoked_by: id });
      expectProblem(await app.as(accessToken).get('/sessions'), 401, 'session_revoked');
    });

    it('returns 204 again for a session that is already revoked', async () => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      const revoke = async () => (await app.as(laptop.accessToken).delete(`/sessions/${phone.sessionId}`)).status;
      expect([await revoke(), await revoke()]).toEqual([204, 204]);
    });

    it('keeps the reason of a session that is already revoked', async () => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      const change = `revoked_at = now() - interval '1 hour', revoked_reason = 'admin'`;
      await app.database.query(`UPDATE sessions SET ${change} WHERE id = $1`, [phone.sessionId]);
      await app.as(laptop.accessToken).delete(`/sessions/${phone.sessionId}`).expect(204);
      expect(await revocationOf(phone.sessionId)).toEqual({ revoked_reason: 'admin', revoked_by: null });
    });

    it('accepts an ID in upper case', async () => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      await app.as(laptop.accessToken).delete(`/sessions/${phone.sessionId.toUpperCase()}`).expect(204);
      expectProblem(await app.as(phone.accessToken).get('/users/me'), 401, 'session_revoked');
    });

    it('returns the same 404 for another user’s session as for an unknown one', async () => {
      const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
      const foreign = await app.as(eve.accessToken).delete(`/sessions/${ada.sessionId}`);
      const unknown = await app.as(eve.accessToken).delete(`/sessions/${UNKNOWN_ID}`);
      expectProblem(foreign, 404, 'not_found');
      const same = { requestId: '', instance: '' };
      expect({ ...foreign.body, ...same }).toEqual({ ...unknown.body, ...same });
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    it('does not let an admin revoke another user’s session', async () => {
      const [ada, admin] = [await buildSignedIn(app), await buildSignedIn(app, 'admin')];
      expectProblem(await app.as(admin.accessToken).delete(`/sessions/${ada.sessionId}`), 404, 'not_found');
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    it.each(['all', '1', `${UNKNOWN_ID}x`, UNKNOWN_ID.replaceAll('-', ''), `${UNKNOWN_ID} OR 1=1`])(
      'rejects the ID %j and revokes nothing',
      async (id) => {
        const ada = await buildSignedIn(app);
        const response = await app.as(ada.accessToken).delete(`/sessions/${encodeURIComponent(id)}`);
        expectProblem(response, 400, 'validation_failed');
        expect(response.body.errors).toEqual([
          { pointer: '/id', code: 'invalid_format', params: { format: 'uuid' }, message: 'must be a UUID' },
        ]);
        await app.as(ada.accessToken).get('/users/me').expect(200);
      },
    );
  });

  describe('DELETE /sessions?scope', () => {
    it('others revokes the caller’s other active sessions and returns their number', async () => {
      const laptop = await buildSignedIn(app);
      const others = [await signIn(app, laptop), await signIn(app, laptop), await signIn(app, laptop)];
      const stranger = await buildSignedIn(app);
      const { body } = await app.as(laptop.accessToken).delete('/sessions?scope=others').expect(200);
      expect(body).toEqual({ revoked: 3 });
      for (const other of others) {
        expect((await app.as(other.accessToken).get('/users/me')).body.reason).toBe('logout_others');
        expect(await revocationOf(other.sessionId)).toEqual({ revoked_reason: 'logout_others', revoked_by: laptop.id });
      }
      await app.as(laptop.accessToken).get('/users/me').expect(200);
      await app.as(stranger.accessToken).get('/users/me').expect(200);
    });

    it('all revokes the current session too', async () => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      const { body } = await app.as(laptop.accessToken).delete('/sessions?scope=all').expect(200);
      expect(body).toEqual({ revoked: 2 });
      for (const device of [laptop, phone]) {
        const response = await app.as(device.accessToken).get('/users/me');
        expectProblem(response, 401, 'session_revoked');
        expect(response.body.reason).toBe('logout_all');
        expect(await revocationOf(device.sessionId)).toEqual({ revoked_reason: 'logout_all', revoked_by: laptop.id });
      }
    });

    it('does not count ended sessions', async () => {
      const laptop = await buildSignedIn(app);
      const [revoked, expired] = [await signIn(app, laptop), await signIn(app, laptop)];
      await app.as(revoked.accessToken).post('/auth/logout').expect(204);
      await app.database.query('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [expired.sessionId]);
      const { body } = await app.as(laptop.accessToken).delete('/sessions?scope=others').expect(200);
      expect(body).toEqual({ revoked: 0 });
      expect(await revocationOf(revoked.sessionId)).toEqual({ revoked_reason: 'logout', revoked_by: laptop.id });
    });

    it.each([
      '',
      '?scope=',
      '?scope=mine',
      '?scope=ALL',
      '?scope=all&scope=others',
      '?scope[]=all',
      '?scope=all&x=1',
      '?scope',
    ])('rejects the query %j and revokes nothing', async (query) => {
      const laptop = await buildSignedIn(app);
      const phone = await signIn(app, laptop);
      expectProblem(await app.as(laptop.accessToken).delete(`/sessions${query}`), 400, 'validation_failed');
      await app.as(laptop.accessToken).get('/users/me').expect(200);
      await app.as(phone.accessToken).get('/users/me').expect(200);
    });

    it('leaves at most one session when all devices use it concurrently', async () => {
      const first = await buildSignedIn(app);
      const devices = [first, ...(await Promise.all(Array.from({ length: 7 }, () => signIn(app, first))))];
      const answers = await Promise.all(
        devices.map((device) => app.as(device.accessToken).delete('/sessions?scope=others')),
      );
      expect(answers.map((answer) => answer.status).filter((status) => ![200, 401].includes(status))).toEqual([]);
      const after = await Promise.all(devices.map((device) => app.as(device.accessToken).get('/users/me')));
      expect(after.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(1);
    });
  });

  describe('a pending change of the email', () => {
    const changeEmail = async (end: (ada: SignedIn, admin: SignedIn) => PromiseLike<unknown>) => {
      const [ada, admin] = [await buildSignedIn(app), await buildSignedIn(app, 'admin')];
      const token = await issueToken(app, 'email_change', ada, `new-${ada.email}`);
      await end(ada, admin);
      return app.request.post('/auth/email/change').send({ token });
    };

    it.each<[string, Parameters<typeof changeEmail>[0]]>([
      ['a sign-out of all devices', (ada) => app.as(ada.accessToken).delete('/sessions?scope=all').expect(200)],
      [
        'a sign-out of another device',
        async (ada) =>
          app
            .as((await signIn(app, ada)).accessToken)
            .delete(`/sessions/${ada.sessionId}`)
            .expect(204),
      ],
      [
        'an admin who revokes the session',
        (ada, admin) => app.as(admin.accessToken).delete(`/admin/sessions/${ada.sessionId}`).expect(204),
      ],
    ])('is voided by %s', async (_, end) => {
      expectProblem(await changeEmail(end), 422, 'token_used_or_expired');
    });

    it('survives a sign-out', async () => {
      const { status } = await changeEmail((ada) => app.as(ada.accessToken).post('/auth/logout').expect(204));
      expect(status).toBe(204);
    });
  });
});
