import { FLAGS, type Fields, type SoftwareAuthenticator } from '../../bench/support/authenticator.js';
import { userHandleOf } from '../../src/auth/passkeys/passkey.verifier.js';
import { mailKinds } from '../support/account-records.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { cookieHeaderAfter } from '../support/cookies.js';
import { expectProblem } from '../support/expect-problem.js';
import { addPasskey, authenticatorFor } from '../support/passkeys.js';
import { TestApp } from '../support/test-app.js';

describe('passkeys', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
  });
  afterAll(() => app.close());

  interface Owner extends SignedIn {
    readonly authenticator: SoftwareAuthenticator;
  }
  const buildOwner = async (): Promise<Owner> => {
    const person = await buildSignedIn(app);
    return { ...person, authenticator: await addPasskey(app, person) };
  };
  const respond = async ({ authenticator }: Owner, fields?: Fields) =>
    authenticator.get((await app.request.post('/auth/passkey/options').expect(200)).body, fields);
  const send = (response: object, instance = app) => instance.request.post('/auth/passkey').send({ response });
  const events = (userId: string, type: string) =>
    app.database.query<{ outcome: string; reason: string | null; details: object | null }>(
      'SELECT outcome, reason, details FROM audit_events WHERE user_id = $1 AND type = $2 ORDER BY id DESC',
      [userId, type],
    );
  const logIn = async ({ email, password }: Owner): Promise<string> => {
    const response = await app.request.post('/auth/login').send({ email, password });
    expectProblem(response, 401, 'second_factor_required');
    return response.body.challenge as string;
  };
  const factorResponse = async ({ authenticator }: Owner, challenge: string, fields?: Fields) =>
    authenticator.get(
      (await app.request.post('/auth/login/factor/passkey-options').send({ challenge }).expect(200)).body,
      fields,
    );
  const sendFactor = (challenge: string, passkey: object, instance = app) =>
    instance.request.post('/auth/login/factor').send({ challenge, passkey });

  describe('alone', () => {
    it('sign their owner in with two factors', async () => {
      const owner = await buildOwner();
      const { body } = await send(await respond(owner)).expect(200);
      expect(body.user.id).toBe(owner.id);
      const session = await app.as(body.accessToken).get('/sessions/current').expect(200);
      expect(session.body.amr).toEqual(['pop', 'mfa']);
      expect((await events(owner.id, 'sign_in'))[0]).toMatchObject({ outcome: 'success' });
    });

    it('deliver the refresh token in a cookie, and not to a foreign page', async () => {
      const body = { response: await respond(await buildOwner()), tokenDelivery: 'cookie' };
      const post = (origin: string) => app.request.post('/auth/passkey').set('Origin', origin).send(body);
      expectProblem(await post('https://evil.example.net'), 403, 'origin_not_allowed');
      const answer = await post(app.url).expect(200);
      expect(answer.body).not.toHaveProperty('refreshToken');
      await app.request
        .post('/auth/refresh')
        .set({ Origin: app.url, Cookie: cookieHeaderAfter(answer) })
        .expect(200);
    });

    it('create one session when 20 copies of a response reach two instances', async () => {
      const owner = await buildOwner();
      const response = await respond(owner);
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => (await send(response, index % 2 ? app : other)).status),
      );
      expect(statuses.sort()).toEqual([200, ...Array<number>(19).fill(401)]);
    });

    it('are rejected with a used response, even if their counter is always 0', async () => {
      const owner = await buildOwner();
      const response = await respond(owner, { counter: 0 });
      await send(response).expect(200);
      expectProblem(await send(response, other), 401, 'passkey_invalid');
      await send(await respond(owner, { counter: 0 })).expect(200);
    });

    it.each([1, 2, 0])('are rejected and recorded when their counter goes from 2 to %d', async (counter) => {
      const owner = await buildOwner();
      await send(await respond(owner, { counter: 2 })).expect(200);
      expectProblem(await send(await respond(owner, { counter })), 401, 'passkey_invalid');
      expect(await events(owner.id, 'passkey_copied')).toHaveLength(1);
      expect((await events(owner.id, 'sign_in'))[0]).toMatchObject({ details: { cause: 'counter_not_increased' } });
    });

    it.each<[string, Fields]>([
      ['another origin', { origin: 'https://example.com' }],
      ['another RP ID', { rpId: 'example.com' }],
      ['another type', { type: 'webauthn.create' }],
      ['another challenge', { challenge: 'AAAA' }],
      ['no user verification', { flags: FLAGS.present }],
      ['the user handle of another account', { userHandle: userHandleOf('0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60') }],
      ['no user handle', { userHandle: null }],
    ])('are rejected with %s', async (_, fields) => {
      const owner = await buildOwner();
      expectProblem(await send(await respond(owner, fields)), 401, 'passkey_invalid');
      expect((await events(owner.id, 'sign_in'))[0]).toMatchObject({ details: { cause: 'not_verified' } });
    });

    it('are rejected if they are unknown, deleted, or of an inactive user', async () => {
      const [owner, inactive] = [await buildOwner(), await buildOwner()];
      const unknown = { ...owner, authenticator: authenticatorFor(app) };
      expectProblem(await send(await respond(unknown)), 401, 'passkey_invalid');
      const response = await respond(owner);
      await app.database.query('DELETE FROM factors WHERE user_id = $1', [owner.id]);
      expectProblem(await send(response), 401, 'passkey_invalid');
      await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
      expectProblem(await send(await respond(inactive)), 401, 'passkey_invalid');
    });

    it('do not sign in before the email is verified, and send a new link', async () => {
      const env = { EMAIL_VERIFICATION_REQUIRED: 'true' };
      const strict = await TestApp.start({ database: app.database, env });
      const owner = await buildOwner();
      expectProblem(await send(await respond(owner), strict), 403, 'email_not_verified');
      expect(await mailKinds(app, owner)).toContain('verify_email');
      await app.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [owner.id]);
      await send(await respond(owner), strict).expect(200);
      await strict.close();
    });

    it('send a mail about a new device', async () => {
      const owner = await buildOwner();
      await send(await respond(owner))
        .set('User-Agent', 'New/1.0')
        .expect(200);
      expect(await mailKinds(app, owner)).toContain('new_device');
    });

    it('write no row when options are requested', async () => {
      const count = () => app.database.query('SELECT count(*) FROM used_passkey_challenges');
      const before = await count();
      for (let index = 0; index < 10; index += 1) await app.request.post('/auth/passkey/options').expect(200);
      expect(await count()).toEqual(before);
    });

    it.each([
      ['no response', {}],
      ['null', { response: null }],
      ['a number', { response: 1 }],
      ['an array', { response: [] }],
      ['an invalid ID', { response: { id: '!', rawId: '!', type: 'public-key', response: {} } }],
    ])('are rejected with a body that has %s', async (_, body) => {
      expectProblem(await app.request.post('/auth/passkey').send(body), 400, 'validation_failed');
    });
  });

  describe('as a second factor', () => {
    it('complete a sign-in', async () => {
      const owner = await buildOwner();
      const challenge = await logIn(owner);
      const { body } = await sendFactor(challenge, await factorResponse(owner, challenge)).expect(200);
      const session = await app.as(body.accessToken).get('/sessions/current').expect(200);
      expect(session.body.amr).toEqual(['pwd', 'pop', 'mfa']);
    });

    it('are rejected with the options of another sign-in', async () => {
      const owner = await buildOwner();
      const [challenge, later] = [await logIn(owner), await logIn(owner)];
      expectProblem(await sendFactor(later, await factorResponse(owner, challenge)), 401, 'factor_invalid');
    });

    it('are rejected if they belong to another user', async () => {
      const [owner, thief] = [await buildOwner(), await buildOwner()];
      const challenge = await logIn(owner);
      const response = await factorResponse(thief, challenge);
      expectProblem(await sendFactor(challenge, response), 401, 'factor_invalid');
    });

    it('complete one sign-in when 20 copies of a response reach two instances', async () => {
      const owner = await buildOwner();
      const challenge = await logIn(owner);
      const response = await factorResponse(owner, challenge);
      const statuses = await Promise.all(
        Array.from(
          { length: 20 },
          async (_, index) => (await sendFactor(challenge, response, index % 2 ? app : other)).status,
        ),
      );
      expect(statuses.sort()).toEqual([200, ...Array<number>(19).fill(401)]);
    });

    it('get options for a valid challenge only', async () => {
      const challenge = 'mV1oZc0kq3r6bQWm2y3tq9m2cJ3Qk6s8n1vY5xT7uZA';
      const response = await app.request.post('/auth/login/factor/passkey-options').send({ challenge });
      expectProblem(response, 401, 'challenge_invalid');
    });
  });

  describe('for a step-up', () => {
    const stepUp = async (owner: Owner, fields?: Fields) => {
      const { body } = await app.as(owner.accessToken).post('/auth/step-up/passkey-options').expect(200);
      return owner.authenticator.get(body, fields);
    };

    it('count as two factors', async () => {
      const owner = await buildOwner();
      await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE id = $1`, [owner.sessionId]);
      await app
        .as(owner.accessToken)
        .post('/auth/step-up')
        .send({ passkey: await stepUp(owner) })
        .expect(204);
      await app.as(owner.accessToken).post('/auth/factors/passkeys/options').expect(200);
    });

    it('are rejected with a response that was used before', async () => {
      const owner = await buildOwner();
      const passkey = await stepUp(owner, { counter: 0 });
      await app.as(owner.accessToken).post('/auth/step-up').send({ passkey }).expect(204);
      expectProblem(await app.as(owner.accessToken).post('/auth/step-up').send({ passkey }), 401, 'factor_invalid');
    });

    it('are rejected with the options of another session', async () => {
      const [owner, thief] = [await buildOwner(), await buildOwner()];
      const passkey = await stepUp({ ...thief, authenticator: owner.authenticator });
      expectProblem(await app.as(owner.accessToken).post('/auth/step-up').send({ passkey }), 401, 'factor_invalid');
    });
  });
});
