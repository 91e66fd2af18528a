import { buildKey, buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { ProbeAccessModule } from '../support/probe-access-module.js';
import { rejectedHandshake, SocketClient } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';

describe('step-up authentication', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo({ imports: [ProbeAccessModule] });
  });
  afterAll(() => app.close());

  const get = (path: string, { accessToken }: SignedIn, instance = app) =>
    instance.request.get(`/probe-access/${path}`).set('Authorization', `Bearer ${accessToken}`);
  const stepUp = ({ accessToken }: SignedIn, proof: object) =>
    app.request.post('/auth/step-up').set('Authorization', `Bearer ${accessToken}`).send(proof);
  /** Makes the last authentications of a session older. */
  const age = ({ sessionId }: SignedIn, seconds: number) =>
    app.database.query(
      `UPDATE sessions SET authentications =
         (SELECT jsonb_object_agg(key, value::numeric - $2) FROM jsonb_each_text(authentications)) WHERE id = $1`,
      [sessionId, seconds],
    );

  it('is not needed shortly after the sign-in', async () => {
    await get('sensitive', await buildSignedIn(app)).expect(200);
  });

  it('is required with the challenge of RFC 9470 when the authentication is too old', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    const response = await get('sensitive', person);
    expectProblem(response, 401, 'insufficient_user_authentication');
    expect(response.body).toMatchObject({ maxAge: 600, minFactors: 1 });
    expect(response.headers['www-authenticate']).toMatch(
      /^Bearer error="insufficient_user_authentication", max_age=600, error_description="[^"]+"$/,
    );
  });

  it('makes the same access token sufficient on every instance', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    await stepUp(person, { password: person.password }).expect(204);
    await get('sensitive', person).expect(200);
    await get('sensitive', person, other).expect(200);
  });

  it('rejects a wrong password and changes nothing', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    await stepUp(person, { password: 'wrong password' }).expect(401);
    await get('sensitive', person).expect(401);
  });

  it.each([
    [{}, 'required'],
    [{ password: 'x', code: '123456' }, 'too_many_fields'],
    [{ code: '123456', recoveryCode: '8Q2M-WX4T-0ZKC-R7NA-5HJE-P3VG' }, 'too_many_fields'],
  ])('rejects %j with the code %s and the names of all proofs', async (proof, code) => {
    const answer = await stepUp(await buildSignedIn(app), proof);
    expectProblem(answer, 400, 'validation_failed');
    const params = { oneOf: ['password', 'code', 'recoveryCode', 'passkey'] };
    const message = 'must have exactly one of these fields: password, code, recoveryCode, passkey';
    expect(answer.body.errors).toEqual([{ pointer: '', code, params, message }]);
  });

  it.each([{}, { password: null }, { password: '' }, []])('rejects the proof %j', async (proof) => {
    expectProblem(await stepUp(await buildSignedIn(app), proof), 400, 'validation_failed');
  });

  it('is required by all routes of a controller, unless a route has its own', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    const as = app.as(person.accessToken);
    expectProblem(await as.get('/probe-access-class'), 401, 'insufficient_user_authentication');
    await as.get('/probe-access-class/less').expect(200);
  });

  it('is required by public routes whose user only their own guard can find', async () => {
    const person = await buildSignedIn(app);
    expectProblem(await app.request.get('/probe-access-public'), 401, 'insufficient_user_authentication');
    const withPassport = () => app.as(person.accessToken).get('/probe-access-public/passport');
    await withPassport().expect(200);
    await age(person, 601);
    expectProblem(await withPassport(), 401, 'insufficient_user_authentication');
    const client = await SocketClient.open(app, '/probe-public', { token: person.accessToken });
    expect(await client.ask('pay')).toMatchObject({ data: { code: 'insufficient_user_authentication' } });
    client.socket.close();
  });

  it('is required by event streams', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    expectProblem(await get('events', person), 401, 'insufficient_user_authentication');
    await stepUp(person, { password: person.password }).expect(204);
    await get('events', person).expect(200);
  });

  it('is required by the handshake and by each message of a gateway', async () => {
    const person = await buildSignedIn(app);
    const { accessToken: token } = person;
    const client = await SocketClient.open(app, '/probe-sensitive', { token });
    expect(await client.ask('ping')).toBe('pong');
    await age(person, 601);
    expect(await client.ask('ping')).toMatchObject({ data: { code: 'insufficient_user_authentication' } });
    client.socket.close();
    const { status, headers, problem } = await rejectedHandshake(app, '/probe-sensitive', { token });
    expect([status, problem['code']]).toEqual([401, 'insufficient_user_authentication']);
    expect(headers['www-authenticate']).toContain('max_age=600');
  });

  it('is required by messages whose handler has it, in the same connection', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    const client = await SocketClient.open(app, '/probe-access', { token: person.accessToken });
    expect(await client.ask('ping')).toBe('pong');
    expect(await client.ask('pay')).toMatchObject({ data: { code: 'insufficient_user_authentication' } });
    await stepUp(person, { password: person.password }).expect(204);
    expect(await client.ask('pay')).toBe('paid');
    client.socket.close();
  });

  it('is not renewed by a refresh', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    const { body } = await app.request.post('/auth/refresh').send({ refreshToken: person.refreshToken }).expect(200);
    await get('sensitive', { ...person, accessToken: body.accessToken }).expect(401);
  });

  it('counts for its own session only', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    await signIn(app, person);
    await get('sensitive', person).expect(401);
  });

  it('requires two factors where the route does', async () => {
    const person = await buildSignedIn(app);
    const response = await get('two-factors', person);
    expect(response.headers['www-authenticate']).toContain('acr_values="urn:gatehouse:acr:two-factors"');
    await app.database.query(
      `UPDATE sessions SET authentications = authentications || jsonb_build_object('otp', extract(epoch FROM now()))
        WHERE id = $1`,
      [person.sessionId],
    );
    await get('two-factors', person).expect(200);
  });

  it('names what an account must do to use two factors', async () => {
    const person = await buildSignedIn(app);
    expect((await get('two-factors', person)).body.detail).toContain('Add one with POST /auth/factors/totp');
    await app.database.query('UPDATE users SET has_second_factor = true WHERE id = $1', [person.id]);
    expect((await get('two-factors', person)).body.detail).toContain('once with each of two factors');
  });

  it('requires two factors by default from an account that has a second one', async () => {
    const person = await buildSignedIn(app);
    await app.database.query('UPDATE users SET has_second_factor = true WHERE id = $1', [person.id]);
    expect((await get('sensitive', person)).body).toMatchObject({ minFactors: 2 });
  });

  it('is required in sessions of earlier versions', async () => {
    const person = await buildSignedIn(app);
    await app.database.query(`UPDATE sessions SET authentications = '{}' WHERE id = $1`, [person.sessionId]);
    await get('sensitive', person).expect(401);
    const { body } = await app.request.get('/sessions/current').set('Authorization', `Bearer ${person.accessToken}`);
    expect(body).toMatchObject({ kind: 'sign_in', amr: [], authenticatedAt: body.createdAt });
  });

  it('is recorded in the audit trail', async () => {
    const person = await buildSignedIn(app);
    await stepUp(person, { password: person.password }).expect(204);
    const { body } = await app.request.get('/users/me/activity').set('Authorization', `Bearer ${person.accessToken}`);
    expect(body.items[0]).toMatchObject({ type: 'step_up', outcome: 'success' });
  });

  it('is needed to delete the account', async () => {
    const person = await buildSignedIn(app);
    await age(person, 601);
    const remove = () =>
      app.request
        .delete('/users/me')
        .set('Authorization', `Bearer ${person.accessToken}`)
        .send({ password: person.password });
    expectProblem(await remove(), 401, 'insufficient_user_authentication');
    await stepUp(person, { password: person.password }).expect(204);
    await remove().expect(204);
  });

  describe('for the writes of admins with ADMIN_STEP_UP', () => {
    let strict: TestApp;
    beforeAll(async () => {
      strict = await TestApp.start({
        imports: [ProbeAccessModule],
        database: app.database,
        env: { ADMIN_STEP_UP: '10m' },
      });
    });

    it('is required, but not for reads', async () => {
      const admin = await buildSignedIn(app, 'admin');
      const write = () =>
        strict.request.post('/probe-access/admin').set('Authorization', `Bearer ${admin.accessToken}`);
      await write().expect(201);
      await age(admin, 601);
      expectProblem(await write(), 401, 'insufficient_user_authentication');
      await get('admin', admin, strict).expect(200);
      await stepUp(admin, { password: admin.password }).expect(204);
      await write().expect(201);
    });
  });

  it('is required by the stricter of ADMIN_STEP_UP and the route', async () => {
    const strict = await TestApp.start({
      imports: [ProbeAccessModule],
      database: app.database,
      env: { ADMIN_STEP_UP: '5m' },
    });
    const admin = await buildSignedIn(app, 'admin');
    const write = () => strict.as(admin.accessToken).post('/probe-access/admin-step-up');
    await write().expect(201);
    await age(admin, 301);
    expect((await write()).body).toMatchObject({ maxAge: 300 });
    await strict.close();
  });

  describe('for the own account of an admin', () => {
    it('is required by the routes for other accounts', async () => {
      const [admin, ada] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      const { key } = await buildKey(app, admin);
      await age(admin, 601);
      const call = (method: 'patch' | 'delete', path: string, token = admin.accessToken) =>
        app
          .as(token)
          [method](`/admin/users/${path}`)
          .send(method === 'patch' ? { name: 'Ada' } : undefined);
      const writes = [
        ['patch', admin.id.toUpperCase()],
        ['delete', `${admin.id}/factors`],
        ['delete', admin.id],
      ] as const;
      for (const [method, path] of writes) {
        expectProblem(await call(method, path), 401, 'insufficient_user_authentication');
        expectProblem(await call(method, path, key), 403, 'sign_in_required');
      }
      await call('patch', ada.id).expect(200);
      await call('patch', ada.id, key).expect(200);
      await stepUp(admin, { password: admin.password }).expect(204);
      await call('patch', admin.id).expect(200);
    });
  });

  describe('SECOND_FACTOR_REQUIRED', () => {
    let strict: TestApp;
    beforeAll(async () => {
      const env = { SECOND_FACTOR_REQUIRED: 'admins' };
      strict = await TestApp.start({ imports: [ProbeAccessModule], database: app.database, env });
    });
    const call = (method: 'get' | 'post' | 'delete', path: string, { accessToken }: SignedIn) =>
      strict.request[method](path).set('Authorization', `Bearer ${accessToken}`);

    it('rejects admins without a second factor, except at a few routes', async () => {
      const admin = await buildSignedIn(app, 'admin');
      expectProblem(await call('get', '/admin/users', admin), 403, 'second_factor_enrollment_required');
      expectProblem(await call('get', '/sessions', admin), 403, 'second_factor_enrollment_required');
      await call('get', '/users/me', admin).expect(200);
      await call('post', '/auth/step-up', admin).send({ password: admin.password }).expect(204);
      await call('post', '/auth/logout', admin).expect(204);
    });

    it('admits admins with a second factor, and other users', async () => {
      const [admin, user] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      await app.database.query('UPDATE users SET has_second_factor = true WHERE id = $1', [admin.id]);
      await call('get', '/admin/users', admin).expect(200);
      await call('get', '/sessions', user).expect(200);
    });

    it('applies to handshakes and messages', async () => {
      const [admin, user] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      const { status, problem } = await rejectedHandshake(strict, '/probe-access', { token: admin.accessToken });
      expect([status, problem['code']]).toEqual([403, 'second_factor_enrollment_required']);
      const client = await SocketClient.open(strict, '/probe-access', { token: user.accessToken });
      expect(await client.ask('ping')).toBe('pong');
      await app.database.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
      expect(await client.closed).toEqual({ code: 4403, reason: 'second_factor_enrollment_required' });
    });

    it('applies to API keys', async () => {
      const user = await buildSignedIn(app);
      const { key } = await buildKey(app, user);
      await strict.as(key).get('/probe-access/scoped').expect(200);
      await app.database.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
      expectProblem(await strict.as(key).get('/probe-access/scoped'), 403, 'second_factor_enrollment_required');
    });

    it('lets users sign out of the current session', async () => {
      await call('delete', '/sessions/current', await buildSignedIn(app, 'admin')).expect(204);
    });
  });
});
