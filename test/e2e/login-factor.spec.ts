import { auditTypes, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { cookieHeaderAfter } from '../support/cookies.js';
import { expectProblem } from '../support/expect-problem.js';
import { challengeFor, codeOf, enrollTotp, forgetCodes, type EnrolledTotp, wrongCode } from '../support/factors.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';

describe('POST /auth/login/factor', () => {
  let app: TestApp;
  let other: TestApp;
  let limited: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
    const env = { RATE_LIMIT_ENABLED: 'true', EMAIL_VERIFICATION_REQUIRED: 'true' };
    limited = await TestApp.start({ database: app.database, env });
  });
  afterAll(() => app.close());

  const enrolled = async (): Promise<SignedIn & EnrolledTotp & { readonly factorId: string }> => {
    const person = await signIn(app, await buildUser(app, { isEmailVerified: true }));
    const factor = await enrollTotp(app, person);
    return { ...factor, ...person, factorId: factor.id };
  };
  const finish = (challenge: unknown, proof: object, at = app, userAgent = '') =>
    at.request
      .post('/auth/login/factor')
      .set('User-Agent', userAgent)
      .send({ challenge, ...proof });
  /** Makes the devices of a user unknown, which would otherwise have a limit of their own. */
  const forgetDevices = ({ id }: { id: string }) =>
    app.database.query(`UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE user_id = $1`, [id]);
  const sessionsOf = ({ id }: { id: string }) => app.database.query('SELECT * FROM sessions WHERE user_id = $1', [id]);

  it('creates the session that the password alone did not', async () => {
    const ada = await enrolled();
    const login = await app.request.post('/auth/login').send({ email: ada.email, password: ada.password });
    expectProblem(login, 401, 'second_factor_required');
    expect(login.body).toMatchObject({
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      factors: ['totp', 'recovery_code'],
    });
    expect(login.body).not.toHaveProperty('accessToken');
    expect(await sessionsOf(ada)).toHaveLength(1);
    const challenge = await challengeFor(app, ada);
    const { body } = await finish(challenge, { code: codeOf(ada.secret), deviceName: 'Phone' }).expect(200);
    const session = await app
      .as(body.accessToken as string)
      .get('/sessions/current')
      .expect(200);
    expect(session.body).toMatchObject({ deviceName: 'Phone', amr: ['pwd', 'otp', 'mfa'] });
    expect((await auditTypes(app, ada)).slice(-2)).toEqual(['second_factor_requested', 'sign_in']);
  });

  it('delivers the refresh token in a cookie, and not to a foreign page', async () => {
    const ada = await enrolled();
    const proof = { recoveryCode: ada.recoveryCodes[0], tokenDelivery: 'cookie' };
    const challenge = await challengeFor(app, ada);
    const send = (origin: string) => finish(challenge, proof).set('Origin', origin);
    expectProblem(await send('https://evil.example.net'), 403, 'origin_not_allowed');
    const answer = await send(app.url).expect(200);
    expect(answer.body).not.toHaveProperty('refreshToken');
    await app.request
      .post('/auth/refresh')
      .set({ Origin: app.url, Cookie: cookieHeaderAfter(answer) })
      .expect(200);
  });

  it('delivers the refresh token as the first step requested', async () => {
    const ada = await enrolled();
    const { email, password } = ada;
    for (const [index, tokenDelivery] of [undefined, 'body'].entries()) {
      const credentials = { email, password, tokenDelivery: 'cookie' };
      const login = await app.request.post('/auth/login').set('User-Agent', '').send(credentials);
      expectProblem(login, 401, 'second_factor_required');
      const proof = { recoveryCode: ada.recoveryCodes[index], tokenDelivery };
      const { body, headers } = await finish(String(login.body.challenge), proof).expect(200);
      expect([Boolean(headers['set-cookie']), 'refreshToken' in body]).toEqual([
        !tokenDelivery,
        Boolean(tokenDelivery),
      ]);
    }
  });

  it('accepts a recovery code once', async () => {
    const ada = await enrolled();
    const [recoveryCode = ''] = ada.recoveryCodes;
    await finish(await challengeFor(app, ada), { recoveryCode: recoveryCode.toLowerCase() }).expect(200);
    expectProblem(await finish(await challengeFor(app, ada), { recoveryCode }), 401, 'factor_invalid');
  });

  it('sends a mail when three recovery codes are left', async () => {
    const ada = await enrolled();
    for (const [used, recoveryCode] of ada.recoveryCodes.slice(0, 8).entries()) {
      await finish(await challengeFor(app, ada), { recoveryCode }).expect(200);
      const mails = (await mailKinds(app, ada)).filter((kind) => kind === 'recovery_codes_low');
      expect(mails).toHaveLength(used < 6 ? 0 : 1);
    }
  });

  it('accepts each code once, and none before the last one', async () => {
    const ada = await enrolled();
    const code = codeOf(ada.secret);
    await finish(await challengeFor(app, ada), { code }).expect(200);
    expectProblem(await finish(await challengeFor(app, ada), { code }), 401, 'factor_invalid');
    const earlier = codeOf(ada.secret, -1);
    expectProblem(await finish(await challengeFor(app, ada), { code: earlier }), 401, 'factor_invalid');
  });

  it('creates one session for 20 parallel requests with one challenge on two instances', async () => {
    const ada = await enrolled();
    const challenge = await challengeFor(app, ada);
    const before = (await sessionsOf(ada)).length;
    const requests = ada.recoveryCodes.flatMap((recoveryCode) => [
      finish(challenge, { recoveryCode }),
      finish(challenge, { recoveryCode }, other),
    ]);
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array<number>(19).fill(401)]);
    expect(await sessionsOf(ada)).toHaveLength(before + 1);
  });

  it('creates one session for 20 parallel challenges with one code on two instances', async () => {
    const ada = await enrolled();
    const challenges = await Promise.all(Array.from({ length: 20 }, () => challengeFor(app, ada)));
    const code = codeOf(ada.secret);
    const requests = challenges.map((challenge, index) => finish(challenge, { code }, index % 2 ? app : other));
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  it('voids a challenge after five wrong codes, also in parallel, and sends a mail', async () => {
    const ada = await enrolled();
    const challenge = await challengeFor(app, ada);
    const code = wrongCode(ada.secret);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => finish(challenge, { code }, index % 2 ? app : other)),
    );
    const codes = answers.map(({ body }) => body.code as string);
    expect(codes.filter((problem) => problem === 'factor_invalid')).toHaveLength(5);
    expect(codes.filter((problem) => problem === 'challenge_invalid')).toHaveLength(15);
    expectProblem(await finish(challenge, { code: codeOf(ada.secret) }), 401, 'challenge_invalid');
    const mails = (await mailKinds(app, ada)).filter((kind) => kind === 'second_factor_failed');
    expect(mails).toHaveLength(1);
  });

  it('keeps the challenge after four wrong codes', async () => {
    const ada = await enrolled();
    const challenge = await challengeFor(app, ada);
    for (let round = 0; round < 4; round += 1)
      expectProblem(await finish(challenge, { code: wrongCode(ada.secret) }), 401, 'factor_invalid');
    await finish(challenge, { code: codeOf(ada.secret) }).expect(200);
  });

  it.each([
    [
      'used',
      async (ada: SignedIn & EnrolledTotp, challenge: string) => {
        await finish(challenge, { code: codeOf(ada.secret) }).expect(200);
        await forgetCodes(app, ada);
      },
    ],
    [
      'expired',
      async ({ id }: SignedIn) => {
        await app.database.query('UPDATE sign_in_challenges SET expires_at = now() WHERE user_id = $1', [id]);
      },
    ],
    [
      'of an inactive user',
      async ({ id }: SignedIn) => {
        await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [id]);
      },
    ],
    [
      'from before a password reset',
      async (ada: SignedIn) => {
        const token = await issueToken(app, 'password_reset', ada);
        await app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD }).expect(204);
      },
    ],
    [
      'from before a not-me report',
      async (ada: SignedIn) => {
        await app.database.query(`UPDATE factors SET confirmed_at = now() - interval '8 days' WHERE user_id = $1`, [
          ada.id,
        ]);
        await app.request
          .post('/auth/not-me')
          .send({ token: await issueToken(app, 'not_me', ada) })
          .expect(202);
      },
    ],
  ] as const)('rejects a challenge that is %s', async (_, change) => {
    const ada = await enrolled();
    const challenge = await challengeFor(app, ada);
    await change(ada, challenge);
    expectProblem(await finish(challenge, { code: codeOf(ada.secret) }), 401, 'challenge_invalid');
  });

  it('creates no session if the email must be verified since the password was sent', async () => {
    const ada = await enrolled();
    const challenge = await challengeFor(limited, ada);
    await app.database.query('UPDATE users SET email_verified_at = NULL WHERE id = $1', [ada.id]);
    const proof = { code: codeOf(ada.secret) };
    expectProblem(await finish(challenge, proof, limited), 403, 'email_not_verified');
    await app.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [ada.id]);
    await finish(await challengeFor(limited, ada), proof, limited).expect(200);
  });

  it('rejects a challenge on another device, which does not use it up', async () => {
    const ada = await enrolled();
    const challenge = await challengeFor(app, ada, 'Mine/1.0');
    const proof = { code: codeOf(ada.secret) };
    expectProblem(await finish(challenge, proof, app, 'Thief/1.0'), 401, 'challenge_invalid');
    await finish(challenge, proof, other, 'Mine/1.0').expect(200);
  });

  it('rejects the factor of another user', async () => {
    const [ada, eve] = [await enrolled(), await enrolled()];
    const challenge = await challengeFor(app, ada);
    expectProblem(await finish(challenge, { code: codeOf(eve.secret) }), 401, 'factor_invalid');
    expectProblem(await finish(challenge, { recoveryCode: eve.recoveryCodes[0] }), 401, 'factor_invalid');
  });

  it.each([
    [{}, 400],
    [{ code: '12345' }, 400],
    [{ code: '1'.repeat(50_000) }, 400],
    [{ code: 'ⅠⅡⅢⅣⅤⅥ' }, 400],
    [{ code: '٠٠٠٠٠٠' }, 401],
    [{ code: null }, 400],
    [{ code: '000000', recoveryCode: '8Q2M-WX4T-0ZKC-R7NA-5HJE-P3VG' }, 400],
    [{ recoveryCode: '123456' }, 400],
    [{ recoveryCode: '8Q2M-WX4T-0ZKC-R7NA-5HJE-P3VG' }, 401],
  ])('responds to the proof %j with %i', async (proof, status) => {
    const challenge = await challengeFor(app, await enrolled());
    expect((await finish(challenge, proof)).status).toBe(status);
  });

  it.each([
    [{}, [{ pointer: '', code: 'required', params: { oneOf: ['code', 'recoveryCode', 'passkey'] } }]],
    [
      { code: '000000', recoveryCode: '8Q2M-WX4T-0ZKC-R7NA-5HJE-P3VG' },
      [{ pointer: '', code: 'too_many_fields', params: { oneOf: ['code', 'recoveryCode', 'passkey'] } }],
    ],
    [
      { code: '12345', recoveryCode: 'x' },
      [
        { pointer: '/code', code: 'invalid_format', params: { format: 'pattern', pattern: '^[0-9]{6}$' } },
        { pointer: '/recoveryCode', code: 'invalid_format', params: { format: 'pattern' } },
      ],
    ],
  ])('names the fields that are wrong with %j', async (proof, errors) => {
    const answer = await finish('x', proof);
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toHaveLength(errors.length);
    expect(answer.body.errors).toMatchObject(errors);
  });

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(5_000), 'mV1oZc0kq3r6bQWm2y3tq9m2cJ3Qk6s8n1vY5xT7uZ\0', 17, null])(
    'rejects the challenge %j',
    async (challenge) => {
      const { status } = await finish(challenge, { code: '000000' });
      expect([400, 401]).toContain(status);
    },
  );

  it('limits wrong factors per account', async () => {
    const ada = await enrolled();
    await forgetDevices(ada);
    const guess = async () => finish(await challengeFor(limited, ada), { code: wrongCode(ada.secret) }, limited);
    for (let round = 0; round < 10; round += 1) expectProblem(await guess(), 401, 'factor_invalid');
    expectProblem(await guess(), 429, 'too_many_requests');
    const challenge = await challengeFor(limited, ada);
    expectProblem(await finish(challenge, { code: codeOf(ada.secret) }, limited), 429, 'too_many_requests');
  });

  it('does not let someone without the password use up that limit', async () => {
    const ada = await enrolled();
    await forgetDevices(ada);
    for (let round = 0; round < 11; round += 1) await finish('A'.repeat(43), { code: '000000' }, limited).expect(401);
    const stranger = await buildSignedIn(app);
    const stepUp = { code: '000000' };
    for (let round = 0; round < 11; round += 1)
      await limited.as(stranger.accessToken).post('/auth/step-up').send(stepUp);
    await finish(await challengeFor(limited, ada), { code: codeOf(ada.secret) }, limited).expect(200);
  });

  it('does not count correct factors', async () => {
    const ada = await enrolled();
    await forgetDevices(ada);
    for (let round = 0; round < 12; round += 1) {
      await finish(await challengeFor(limited, ada), { code: codeOf(ada.secret) }, limited).expect(200);
      await forgetCodes(app, ada);
    }
  });

  describe('while the key of an authenticator app is missing', () => {
    const replaceSecret = async ({ factorId }: { factorId: string }, sealed: Buffer) => {
      const sql = `UPDATE factors f SET sealed_secret = $2 FROM factors old WHERE f.id = $1 AND old.id = f.id
                   RETURNING old.sealed_secret AS sealed`;
      const [row] = await app.database.query<{ sealed: Buffer }>(sql, [factorId, sealed]);
      return row?.sealed ?? Buffer.alloc(0);
    };

    it('counts no code and keeps the challenge', async () => {
      const ada = await enrolled();
      await forgetDevices(ada);
      const sealed = await replaceSecret(ada, Buffer.alloc(60));
      const challenge = await challengeFor(limited, ada);
      const send = () => finish(challenge, { code: codeOf(ada.secret) }, limited);
      for (let round = 0; round < 11; round += 1) expectProblem(await send(), 503, 'factor_key_missing');
      await replaceSecret(ada, sealed);
      await send().expect(200);
      expect(await mailKinds(app, ada)).not.toContain('second_factor_failed');
    });

    it('accepts recovery codes and the codes of another app', async () => {
      const ada = await enrolled();
      const { secret } = await enrollTotp(app, ada);
      await replaceSecret(ada, Buffer.alloc(60));
      const challenge = await challengeFor(app, ada);
      expectProblem(await finish(challenge, { code: codeOf(ada.secret) }), 401, 'factor_invalid');
      await finish(challenge, { code: codeOf(secret) }).expect(200);
      await finish(await challengeFor(app, ada), { recoveryCode: ada.recoveryCodes[0] }).expect(200);
    });
  });

  describe('the pending sign-ins of a user', () => {
    const insert = ({ id }: SignedIn, count: number, userAgent: string) =>
      app.database.query(
        `INSERT INTO sign_in_challenges (hash, user_id, user_agent, expires_at)
         SELECT sha256(('challenge ' || n)::bytea || uuid_send($1::uuid)), $1, ${userAgent}, now() + interval '5 minutes'
           FROM generate_series(1, $2) AS n`,
        [id, count],
      );
    const count = async ({ id }: SignedIn) =>
      (await app.database.query('SELECT FROM sign_in_challenges WHERE user_id = $1', [id])).length;

    it('are at most 50, and one device does not void that of another', async () => {
      const ada = await enrolled();
      const mine = await challengeFor(app, ada, 'Mine/1.0');
      await insert(ada, 60, `'Thief/1.0'`);
      const theirs = await challengeFor(app, ada, 'Thief/1.0');
      expect(await count(ada)).toBe(50);
      expectProblem(await finish(theirs, { code: wrongCode(ada.secret) }, app, 'Thief/1.0'), 401, 'factor_invalid');
      await finish(mine, { code: codeOf(ada.secret) }, app, 'Mine/1.0').expect(200);
    });

    it('are at most 50 with many devices, and the newest ones work', async () => {
      const ada = await enrolled();
      await insert(ada, 60, `'Thief/' || n`);
      const challenge = await challengeFor(app, ada, 'Mine/1.0');
      expect(await count(ada)).toBe(50);
      await finish(challenge, { code: codeOf(ada.secret) }, app, 'Mine/1.0').expect(200);
    });

    it('are at most 50 after parallel sign-ins on two instances', async () => {
      const ada = await enrolled();
      await insert(ada, 45, `'Thief/' || n`);
      await Promise.all(Array.from({ length: 12 }, (_, index) => challengeFor(index % 2 ? app : other, ada)));
      expect(await count(ada)).toBe(50);
    });
  });

  it('sends no challenge for a wrong password', async () => {
    const ada = await enrolled();
    const answer = await app.request.post('/auth/login').send({ email: ada.email, password: 'wrong password' });
    expectProblem(answer, 401, 'invalid_credentials');
    expect(answer.body).not.toHaveProperty('challenge');
  });
});
