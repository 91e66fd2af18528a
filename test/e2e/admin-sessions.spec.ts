import { buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID, RFC_3339 } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { walkPages } from '../support/walk-pages.js';

describe('/admin/sessions', () => {
  let app: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const asAdmin = () => app.as(admin.accessToken);
  const change = (session: SignedIn, set: string) =>
    app.database.query(`UPDATE sessions SET ${set} WHERE id = $1`, [session.sessionId]);
  const rowOf = async (session: SignedIn) =>
    (
      await app.database.query<{ revoked_reason: string | null; revoked_by: string | null; expires_at: Date }>(
        'SELECT revoked_reason, revoked_by, expires_at FROM sessions WHERE id = $1',
        [session.sessionId],
      )
    )[0];

  describe('GET', () => {
    const idsOf = (sessions: readonly { id: string }[]) => sessions.map((session) => session.id);
    const list = (query: object) => asAdmin().get('/admin/sessions').query(query);

    it('returns sessions as their users see them, with the user ID', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await list({ userId: ada.id }).expect(200);
      const { body: own } = await app.as(ada.accessToken).get('/sessions/current');
      expect(body).toEqual({ items: [{ ...own, isCurrent: false, userId: ada.id }], nextCursor: null });
    });

    it('marks the current session of the admin', async () => {
      const { body } = await list({ userId: admin.id, isActive: 'true' }).expect(200);
      expect(body.items[0]).toMatchObject({ id: admin.sessionId, isCurrent: true });
    });

    it('returns every session exactly once, newest first, while users sign in', async () => {
      await Promise.all(Array.from({ length: 9 }, () => signIn(app, admin)));
      const rows = await app.database.query<{ id: string }>('SELECT id FROM sessions ORDER BY id DESC');
      const { items } = await walkPages(app, admin.accessToken, '/admin/sessions', { limit: 2 }, () =>
        signIn(app, admin),
      );
      expect(idsOf(items)).toEqual(idsOf(rows));
    });

    it('returns only active, or only revoked and expired sessions', async () => {
      const active = await buildSignedIn(app);
      const [revoked, idle, over] = [await signIn(app, active), await signIn(app, active), await signIn(app, active)];
      await change(revoked, `revoked_at = now(), revoked_reason = 'logout'`);
      await change(idle, 'idle_expires_at = now()');
      await change(over, 'idle_expires_at = now(), expires_at = now()');
      const { body: on } = await list({ userId: active.id, isActive: 'true' }).expect(200);
      const { body: off } = await list({ userId: active.id, isActive: 'false' }).expect(200);
      expect(idsOf(on.items)).toEqual([active.sessionId]);
      expect(idsOf(off.items)).toEqual([over.sessionId, idle.sessionId, revoked.sessionId]);
      expect(off.items[2]).toMatchObject({ revokedAt: expect.stringMatching(RFC_3339), revokedReason: 'logout' });
    });

    it('applies its filter to every page', async () => {
      const ada = await buildSignedIn(app);
      const more = [await signIn(app, ada), await signIn(app, ada)];
      const { items } = await walkPages(app, admin.accessToken, '/admin/sessions', { userId: ada.id, limit: 1 });
      expect(idsOf(items)).toEqual(
        idsOf([...more].reverse().map(({ sessionId: id }) => ({ id }))).concat(ada.sessionId),
      );
    });

    it('returns an empty page for an unknown user', async () => {
      const { body } = await list({ userId: UNKNOWN_ID }).expect(200);
      expect(body).toEqual({ items: [], nextCursor: null });
    });

    it.each([
      { limit: '0' },
      { limit: '101' },
      { limit: 'x' },
      { cursor: 'x' },
      { cursor: '' },
      { userId: 'x' },
      { userId: '' },
      { isActive: '1' },
      { isActive: '' },
      { ipAddress: '127.0.0.1' },
    ])('rejects %j', async (query) => {
      expectProblem(await list(query), 400, 'validation_failed');
    });
  });

  describe('DELETE /:id', () => {
    it('revokes the session of any user and stores the admin', async () => {
      const ada = await buildSignedIn(app);
      await asAdmin().delete(`/admin/sessions/${ada.sessionId}`).expect(204, '');
      const response = await app.as(ada.accessToken).get('/users/me');
      expectProblem(response, 401, 'session_revoked');
      expect(response.body.reason).toBe('admin');
      expect(await rowOf(ada)).toMatchObject({ revoked_reason: 'admin', revoked_by: admin.id });
    });

    it('returns 204 for a revoked session and keeps its reason', async () => {
      const ada = await buildSignedIn(app);
      await app.as(ada.accessToken).post('/auth/logout').expect(204);
      await asAdmin().delete(`/admin/sessions/${ada.sessionId}`).expect(204);
      expect(await rowOf(ada)).toMatchObject({ revoked_reason: 'logout', revoked_by: ada.id });
    });

    it('keeps the ID of an admin whose account was deleted', async () => {
      const [other, ada] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      await app.as(other.accessToken).delete(`/admin/sessions/${ada.sessionId}`).expect(204);
      await asAdmin().delete(`/admin/users/${other.id}`).expect(204);
      expect(await rowOf(ada)).toMatchObject({ revoked_reason: 'admin', revoked_by: other.id });
    });

    it('returns 404 for an unknown session', async () => {
      expectProblem(await asAdmin().delete(`/admin/sessions/${UNKNOWN_ID}`), 404, 'not_found');
    });

    it('rejects an invalid ID', async () => {
      expectProblem(await asAdmin().delete('/admin/sessions/x'), 400, 'validation_failed');
    });
  });

  describe('PATCH /:id', () => {
    const expire = (session: SignedIn, expiresAt: unknown) =>
      asAdmin().patch(`/admin/sessions/${session.sessionId}`).send({ expiresAt });

    it('moves the expiry, and the idle expiry if that is later', async () => {
      const ada = await buildSignedIn(app);
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      const { body: before } = await app.as(ada.accessToken).get('/sessions/current');
      const { body } = await expire(ada, expiresAt).expect(200);
      expect(body).toEqual({ ...before, isCurrent: false, userId: ada.id, expiresAt, idleExpiresAt: expiresAt });
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    it('keeps an idle expiry before the new expiry', async () => {
      const ada = await buildSignedIn(app);
      const expiresAt = new Date(Date.now() + 40 * 86_400_000).toISOString();
      const { body: before } = await app.as(ada.accessToken).get('/sessions/current');
      const { body } = await expire(ada, expiresAt).expect(200);
      expect(body).toMatchObject({ expiresAt, idleExpiresAt: before.idleExpiresAt });
    });

    it('is not undone by a refresh', async () => {
      const ada = await buildSignedIn(app);
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      await expire(ada, expiresAt).expect(200);
      const { body: pair } = await app.request
        .post('/auth/refresh')
        .send({ refreshToken: ada.refreshToken })
        .expect(200);
      const { body } = await app.as(pair.accessToken).get('/sessions/current').expect(200);
      expect(body).toMatchObject({ expiresAt, idleExpiresAt: expiresAt });
    });

    it('expires the session immediately if the time has passed', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await expire(ada, '2001-01-01T00:00:00.000Z').expect(200);
      expect(body).toMatchObject({ expiresAt: '2001-01-01T00:00:00.000Z', revokedAt: null, revokedReason: null });
      expectProblem(await app.as(ada.accessToken).get('/users/me'), 401, 'session_expired');
      const refresh = await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken });
      expectProblem(refresh, 401, 'session_expired');
    });

    it('rejects a later expiry and names the current one', async () => {
      const ada = await buildSignedIn(app);
      const end = (await rowOf(ada))?.expires_at ?? new Date(0);
      const response = await expire(ada, new Date(end.getTime() + 1).toISOString());
      expectProblem(response, 400, 'validation_failed');
      expect(response.body.errors).toEqual([
        {
          pointer: '/expiresAt',
          code: 'too_late',
          params: { max: end.toISOString() },
          message: expect.stringContaining(end.toISOString()),
        },
      ]);
      expect((await rowOf(ada))?.expires_at).toEqual(end);
    });

    it('accepts the current expiry and changes nothing', async () => {
      const ada = await buildSignedIn(app);
      const { body: before } = await app.as(ada.accessToken).get('/sessions/current');
      const { body } = await expire(ada, before.expiresAt).expect(200);
      expect(body).toEqual({ ...before, isCurrent: false, userId: ada.id });
    });

    it('cannot reactivate an expired session', async () => {
      const ada = await buildSignedIn(app);
      await expire(ada, '2001-01-01T00:00:00Z').expect(200);
      expectProblem(await expire(ada, new Date(Date.now() + 3_600_000).toISOString()), 400, 'validation_failed');
      expectProblem(await app.as(ada.accessToken).get('/users/me'), 401, 'session_expired');
    });

    it('keeps a revoked session revoked, with its reason', async () => {
      const ada = await buildSignedIn(app);
      await app.as(ada.accessToken).post('/auth/logout').expect(204);
      const { body } = await expire(ada, '2001-01-01T00:00:00Z').expect(200);
      expect(body.revokedReason).toBe('logout');
      expectProblem(await app.as(ada.accessToken).get('/users/me'), 401, 'session_revoked');
    });

    it('accepts a time with another offset', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await expire(ada, '2001-01-01T02:30:00.250+02:30').expect(200);
      expect(body.expiresAt).toBe('2001-01-01T00:00:00.250Z');
    });

    it.each([
      undefined,
      null,
      '',
      0,
      978_307_200_000,
      true,
      ['2001-01-01T00:00:00Z'],
      { $date: '2001-01-01T00:00:00Z' },
      '2001-01-01',
      '2001-01-01T00:00Z',
      '2001-01-01T00:00:00',
      '2001-01-01 00:00:00Z',
      '01/01/2001',
      'Mon, 01 Jan 2001 00:00:00 GMT',
      'now',
      'infinity',
      '-infinity',
      '2001-13-01T00:00:00Z',
      '2001-02-30T00:00:00Z',
      '2001-02-29T00:00:00Z',
      '2001-01-01T24:00:00Z',
      '2001-01-01T00:00:00+25:00',
      '+002001-01-01T00:00:00Z',
      '0000-01-01T00:00:00+01:00',
      '2001-01-01T00:00:00Z; DROP TABLE sessions',
    ])('rejects %j as a time and changes nothing', async (expiresAt) => {
      const ada = await buildSignedIn(app);
      const before = await rowOf(ada);
      expectProblem(await expire(ada, expiresAt), 400, 'validation_failed');
      expect(await rowOf(ada)).toEqual(before);
    });

    it.each(['UTC', 'Europe/Berlin', 'Asia/Kathmandu'])(
      'accepts the first year of RFC 3339 in the time zone %s',
      async (timeZone) => {
        const { TZ } = process.env;
        process.env['TZ'] = timeZone;
        try {
          const { body } = await expire(await buildSignedIn(app), '0000-01-01T00:00:00Z').expect(200);
          expect(body.expiresAt).toBe('0000-01-01T00:00:00.000Z');
        } finally {
          if (TZ === undefined) delete process.env['TZ'];
          else process.env['TZ'] = TZ;
        }
      },
    );

    it.each(['revokedAt', 'userId', 'idleExpiresAt', 'isActive'])('rejects %s and changes nothing', async (field) => {
      const ada = await buildSignedIn(app);
      const body = { expiresAt: '2001-01-01T00:00:00Z', [field]: null };
      const response = await asAdmin().patch(`/admin/sessions/${ada.sessionId}`).send(body);
      expectProblem(response, 400, 'validation_failed');
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    it('returns 404 for an unknown session', async () => {
      const response = await asAdmin()
        .patch(`/admin/sessions/${UNKNOWN_ID}`)
        .send({ expiresAt: '2001-01-01T00:00:00Z' });
      expectProblem(response, 404, 'not_found');
    });
  });
});
