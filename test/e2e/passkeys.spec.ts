import { idToHex } from '../../src/common/id.js';
import { buildSignedIn, signIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { addPasskey, authenticatorFor, createPasskey } from '../support/passkeys.js';
import { mailKinds } from '../support/account-records.js';
import { TestApp } from '../support/test-app.js';

describe('adding a passkey', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
  });
  afterAll(() => app.close());

  const passkeysOf = (userId: string) =>
    app.database.query<{ name: string | null; confirmed_at: Date | null }>(
      'SELECT * FROM factors WHERE user_id = $1 ORDER BY id',
      [userId],
    );
  const add = (accessToken: string, body: object, instance = app) =>
    instance.as(accessToken).post('/auth/factors/passkeys').send(body);

  it('offers options without personal data in the user handle', async () => {
    const person = await buildSignedIn(app);
    const { body } = await app.as(person.accessToken).post('/auth/factors/passkeys/options').expect(200);
    expect(body).toMatchObject({
      rp: { id: 'localhost', name: 'Gatehouse' },
      user: { id: Buffer.from(idToHex(person.id), 'hex').toString('base64url'), name: person.email },
      attestation: 'none',
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
  });

  it('returns recovery codes with the first factor only', async () => {
    const person = await buildSignedIn(app);
    const response = await createPasskey(app, person);
    const first = await add(person.accessToken, { name: 'Phone', response }).expect(201);
    expect(first.body).toEqual({ id: expect.any(String), recoveryCodes: expect.any(Array) });
    expect(first.body.recoveryCodes).toHaveLength(10);
    expect(first.headers['location']).toBe(`/auth/factors/${first.body.id}`);
    const second = await add(person.accessToken, { response: await createPasskey(app, person) }).expect(201);
    expect(second.body).toEqual({ id: expect.any(String) });
    expect((await passkeysOf(person.id)).map(({ name }) => name)).toEqual(['Phone', null]);
  });

  it('excludes the passkeys that the user already has', async () => {
    const person = await buildSignedIn(app);
    const { credentialId } = await addPasskey(app, person);
    const { body } = await app.as(person.accessToken).post('/auth/factors/passkeys/options').expect(200);
    expect(body.excludeCredentials).toEqual([
      { type: 'public-key', id: credentialId.toString('base64url'), transports: ['internal', 'hybrid'] },
    ]);
  });

  it('records the passkey, and sends a mail', async () => {
    const person = await buildSignedIn(app);
    await addPasskey(app, person);
    const [user] = await app.database.query('SELECT has_second_factor FROM users WHERE id = $1', [person.id]);
    expect(user).toEqual({ has_second_factor: true });
    const { body } = await app.as(person.accessToken).get('/users/me/activity').expect(200);
    expect(body.items[0]).toMatchObject({ type: 'factor_added', details: { kind: 'passkey' } });
    expect(await mailKinds(app, person)).toContain('factor_added');
  });

  it('rejects a challenge of another session', async () => {
    const person = await buildSignedIn(app);
    const response = await createPasskey(app, person);
    expectProblem(await add((await signIn(app, person)).accessToken, { response }), 401, 'passkey_invalid');
    expectProblem(await add((await buildSignedIn(app)).accessToken, { response }), 401, 'passkey_invalid');
    expect(await passkeysOf(person.id)).toEqual([]);
  });

  it('accepts one of many parallel uses of a response on two instances', async () => {
    const person = await buildSignedIn(app);
    const response = await createPasskey(app, person);
    const statuses = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, index) => (await add(person.accessToken, { response }, index % 2 ? app : other)).status,
      ),
    );
    expect(statuses.sort()).toEqual([201, ...Array<number>(19).fill(401)]);
    expect(await passkeysOf(person.id)).toHaveLength(1);
  });

  it('rejects a credential that another account has', async () => {
    const [owner, thief] = [await buildSignedIn(app), await buildSignedIn(app)];
    const authenticator = await addPasskey(app, owner);
    const response = await createPasskey(app, thief, authenticator);
    expectProblem(await add(thief.accessToken, { response }), 409, 'passkey_taken');
  });

  it.each([0, 1_024, 4_000])('rejects a credential whose ID has %d bytes', async (length) => {
    const person = await buildSignedIn(app);
    const authenticator = authenticatorFor(app);
    authenticator.credentialId = Buffer.alloc(length, 1);
    const id = Buffer.alloc(32, 1).toString('base64url');
    const response = { ...(await createPasskey(app, person, authenticator)), id, rawId: id };
    expectProblem(await add(person.accessToken, { response }), 401, 'passkey_invalid');
    expect(await passkeysOf(person.id)).toEqual([]);
  });

  it('rejects the eleventh factor', async () => {
    const person = await buildSignedIn(app);
    for (let count = 0; count < 10; count += 1) await addPasskey(app, person);
    expectProblem(
      await add(person.accessToken, { response: await createPasskey(app, person) }),
      409,
      'factor_limit_reached',
    );
  });

  it('needs a recent authentication', async () => {
    const person = await buildSignedIn(app);
    await app.database.query(`UPDATE sessions SET authentications = '{"pwd": 1}' WHERE id = $1`, [person.sessionId]);
    for (const path of ['/auth/factors/passkeys', '/auth/factors/passkeys/options'])
      expectProblem(await app.as(person.accessToken).post(path), 401, 'insufficient_user_authentication');
  });

  it.each([
    ['no response', {}],
    ['a text', { response: 'text' }],
    ['an empty object', { response: {} }],
    ['a forbidden key', JSON.parse('{"response":{"__proto__":{"id":"x"}}}')],
    ['an unknown field', { response: {}, other: 1 }],
  ])('rejects a body with %s', async (_, body: object) => {
    expectProblem(await add((await buildSignedIn(app)).accessToken, body), 400, 'validation_failed');
  });

  it('rejects an attestation object that is no CBOR', async () => {
    const person = await buildSignedIn(app);
    const attestationObject = Buffer.alloc(1_000, 0xff);
    const response = await createPasskey(app, person, authenticatorFor(app), { attestationObject });
    const rejected = await add(person.accessToken, { response });
    expectProblem(rejected, 400, 'validation_failed');
    expect(rejected.body.errors[0].pointer).toBe('/response/response/attestationObject');
  });
});
