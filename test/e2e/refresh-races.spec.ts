import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { mailKinds } from '../support/account-records.js';
import { buildSignedIn } from '../support/builders.js';
import { rounds } from '../support/rounds.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

describe('parallel refreshes on two instances', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo({ env: { REFRESH_GRACE: '1m' } })));
  afterAll(() => app.close());

  const refresh = (refreshToken: string, at: TestApp) => at.request.post('/auth/refresh').send({ refreshToken });
  const endGrace = (id: string) =>
    app.database.query(`UPDATE sessions SET refreshed_at = refreshed_at - interval '1 day' WHERE id = $1`, [id]);
  const refreshMany = (refreshToken: string, times: number) =>
    Promise.all(Array.from({ length: times }, (_, i) => refresh(refreshToken, i % 2 ? app : other)));

  it('all get the same successor and increment the counter once', async () => {
    const { sessionId, ...ada } = await buildSignedIn(app);
    let token = ada.refreshToken;
    for (let round = 1; round <= rounds(10, 100); round += 1) {
      const answers = await refreshMany(token, 20);
      const successors = new Set(answers.map(({ status, body }) => `${status} ${body.refreshToken}`));
      const { refresh_counter: counter } = await sessionRow(app.database, sessionId);
      token = answers[0]?.body.refreshToken as string;
      expect({ round, counter, successors: [...successors] }).toEqual({
        round,
        counter: round,
        successors: [`200 ${token}`],
      });
    }
    const { body } = await refresh(token, app).expect(200);
    expect(body.sessionId).toBe(sessionId);
  });

  it('get the same successor when they wait for the same row', async () => {
    const { sessionId, refreshToken } = await buildSignedIn(app);
    const [first, second] = await app.database.queue(
      `SELECT FROM sessions WHERE id = '${sessionId}' FOR UPDATE`,
      () => refresh(refreshToken, app),
      () => refresh(refreshToken, other),
    );
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body.refreshToken).toBe(first.body.refreshToken);
    expect((await sessionRow(app.database, sessionId)).refresh_counter).toBe(1);
  });

  it('get access tokens that all work', async () => {
    const { refreshToken } = await buildSignedIn(app);
    const answers = await refreshMany(refreshToken, 20);
    const used = await Promise.all(answers.map(({ body }) => other.as(body.accessToken as string).get('/users/me')));
    expect(new Set(used.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('repeat a lost response once its grace period is over', async () => {
    const { sessionId, refreshToken } = await buildSignedIn(app);
    const lost = (await refresh(refreshToken, app).expect(200)).body as { refreshToken: string };
    await endGrace(sessionId);
    const answers = await refreshMany(refreshToken, 20);
    const successors = new Set(answers.map(({ status, body }) => `${status} ${body.refreshToken}`));
    expect([...successors]).toEqual([`200 ${lost.refreshToken}`]);
    expect(await sessionRow(app.database, sessionId)).toMatchObject({ refresh_counter: 1, revoked_at: null });
  });

  it('with the previous token revoke the session once if its successor was used', async () => {
    const { sessionId, refreshToken, email } = await buildSignedIn(app);
    const { accessToken } = (await refresh(refreshToken, app).expect(200)).body as { accessToken: string };
    await endGrace(sessionId);
    await other.as(accessToken).get('/users/me').expect(200);
    await other.app.get(LastSeenRecorder).flush();
    const answers = await refreshMany(refreshToken, 20);
    const codes = new Set(answers.map(({ status, body }) => `${status} ${body.code}`));
    expect([...codes].filter((code) => !/^401 (refresh_token_reused|session_revoked)$/.test(code))).toEqual([]);
    expect((await sessionRow(app.database, sessionId)).revoked_reason).toBe('refresh_reuse');
    expect(await mailKinds(app, { email })).toEqual(['verify_email', 'refresh_token_reused']);
  });

  it('with the previous and the current token never start two chains', async () => {
    for (let round = 0; round < rounds(3, 50); round += 1) {
      const { sessionId, refreshToken } = await buildSignedIn(app);
      const current = (await refresh(refreshToken, app).expect(200)).body.refreshToken as string;
      await endGrace(sessionId);
      const [next, repeated] = await Promise.all([refreshMany(current, 10), refreshMany(refreshToken, 10)]);
      const tokens = (answers: typeof next) =>
        new Set(answers.filter(({ status }) => status === 200).map(({ body }) => String(body.refreshToken)));
      expect(tokens(next).size).toBeLessThanOrEqual(1);
      expect([...tokens(repeated)].filter((token) => token !== current)).toEqual([]);
      // A repeat that came after the rotation was a reuse.
      const isReused = repeated.some(({ body }) => body.code === 'refresh_token_reused');
      expect((await sessionRow(app.database, sessionId)).revoked_at !== null).toBe(isReused);
    }
  });

  it('with a stolen older token fail and revoke the session once', async () => {
    const { refreshToken, sessionId } = await buildSignedIn(app);
    const second = await refresh(refreshToken, app).expect(200);
    const third = await refresh(second.body.refreshToken as string, app).expect(200);
    const answers = await refreshMany(refreshToken, 20);
    const codes = new Set(answers.map(({ status, body }) => `${status} ${body.code}`));
    expect([...codes].sort().filter((code) => !/^401 (refresh_token_reused|session_revoked)$/.test(code))).toEqual([]);
    expect(codes).toContain('401 refresh_token_reused');
    expect((await sessionRow(app.database, sessionId)).revoked_reason).toBe('refresh_reuse');
    await refresh(third.body.refreshToken as string, other).expect(401);
  });

  it('by the owner and a thief revoke the session', async () => {
    for (let round = 0; round < rounds(5, 100); round += 1) {
      const { refreshToken, sessionId, accessToken } = await buildSignedIn(app);
      const second = (await refresh(refreshToken, app).expect(200)).body.refreshToken as string;
      const current = (await refresh(second, app).expect(200)).body.refreshToken as string;
      const [owner, thief] = await Promise.all([refresh(current, app), refresh(refreshToken, other)]);
      expect(thief.status).toBe(401);
      expect([200, 401]).toContain(owner.status);
      const next = (owner.body.refreshToken as string | undefined) ?? current;
      const after = await Promise.all([refresh(next, other), app.as(accessToken).get('/users/me')]);
      expect(after.map(({ body }) => String(body.code))).toEqual(['session_revoked', 'session_revoked']);
      expect((await sessionRow(app.database, sessionId)).revoked_reason).toBe('refresh_reuse');
    }
  });
});
