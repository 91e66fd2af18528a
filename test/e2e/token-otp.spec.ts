import type { Response } from 'supertest';
import { channel } from '../../src/common/channels.js';
import type { Sample } from '../../src/common/metrics.js';
import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { challengeFor, codeOf, enrollTotp, wrongCode, type EnrolledTotp } from '../support/factors.js';
import { TestApp } from '../support/test-app.js';

describe('a second factor at POST /auth/token', () => {
  let app: TestApp;
  let other: TestApp;
  let limited: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
    const env = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_LOGIN_ACCOUNT: '3/1d' };
    limited = await TestApp.start({ database: app.database, env });
  });
  afterAll(() => app.close());

  const enrolled = async (): Promise<SignedIn & EnrolledTotp> => {
    const person = await buildSignedIn(app);
    return { ...(await enrollTotp(app, person)), ...person };
  };
  const finish = (challenge: string, proof: object) =>
    app.request
      .post('/auth/login/factor')
      .set('User-Agent', '')
      .send({ challenge, ...proof });
  /** Makes the devices of a user unknown, which would otherwise have a limit of their own. */
  const forgetDevices = ({ id }: { id: string }) =>
    app.database.query(`UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE user_id = $1`, [id]);
  const token = ({ email, password }: { email: string; password: string }, otp?: string, at = app) =>
    at.request
      .post('/auth/token')
      .type('form')
      .send({ grant_type: 'password', username: email, password, ...(otp !== undefined && { otp }) });

  it('is replaced by the parameter otp, with a code or a recovery code', async () => {
    const ada = await enrolled();
    await token(ada, codeOf(ada.secret)).expect(200);
    await token(ada, ada.recoveryCodes[0]).expect(200);
  });

  it('is required, and the description says so', async () => {
    const { status, body } = await token(await enrolled());
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect(body.error_description).toContain('otp');
  });

  it('rejects wrong, used and malformed codes', async () => {
    const ada = await enrolled();
    const code = codeOf(ada.secret);
    await token(ada, code).expect(200);
    expect((await token(ada, code).expect(400)).body.error).toBe('invalid_grant');
    expect((await token(ada, wrongCode(ada.secret)).expect(400)).body.error).toBe('invalid_grant');
    expect((await token(ada, 'abc').expect(400)).body.error).toBe('invalid_request');
  });

  it('ignores otp for an account without a second factor', async () => {
    await token(await buildUser(app), '123456').expect(200);
  });

  it('sends a mail after five wrong codes, also mixed with those of a challenge', async () => {
    const ada = await enrolled();
    const code = wrongCode(ada.secret);
    const mails = async () => (await mailKinds(app, ada)).filter((kind) => kind === 'second_factor_failed').length;
    for (let round = 0; round < 4; round += 1) await token(ada, code).expect(400);
    expect(await mails()).toBe(0);
    await token(ada, code).expect(400);
    expect(await mails()).toBe(1);
    await Promise.all([app, other, app].map((at) => token(ada, code, at).expect(400)));
    const challenge = await challengeFor(app, ada);
    expectProblem(await finish(challenge, { code }), 401, 'factor_invalid');
    expect(await mails()).toBe(1);
    expectProblem(await finish(challenge, { code }), 401, 'factor_invalid');
    expect(await mails()).toBe(2);
  });

  it('records a wrong code like one of a challenge, in audit log and metrics', async () => {
    const [ada, eve] = [await enrolled(), await enrolled()];
    const results: string[] = [];
    const metric = channel<Sample>('metric:gatehouse_sign_ins_total');
    const listener = ({ labels }: Sample) => void results.push(labels['result'] ?? '');
    metric.subscribe(listener);
    await token(ada, wrongCode(ada.secret)).expect(400);
    const challenge = await challengeFor(app, eve);
    await finish(challenge, { code: wrongCode(eve.secret) }).expect(401);
    metric.unsubscribe(listener);
    expect(results).toEqual(['factor_invalid', 'second_factor_required', 'factor_invalid']);
    const [ofAda, ofEve] = [await auditEvents(app, ada, 'sign_in'), await auditEvents(app, eve, 'sign_in')];
    const failure = { outcome: 'failure', reason: 'factor_invalid', actor_id: null, session_id: null };
    expect([ofAda.at(-1), ofEve.at(-1)]).toEqual([failure, failure]);
  });

  it('reports the limit of codes, and does not count it as a wrong password', async () => {
    const ada = await enrolled();
    await forgetDevices(ada);
    const limitOf = ({ headers }: Response) => /"login-account";r=\d+/.exec(String(headers['ratelimit']))?.[0];
    for (let left = 2; left >= 0; left -= 1) {
      const answer = await token(ada, wrongCode(ada.secret), limited).expect(400);
      expect(limitOf(answer)).toBe(`"login-account";r=${left}`);
    }
    for (let round = 0; round < 4; round += 1) {
      const answer = await token(ada, codeOf(ada.secret), limited).expect(429);
      expect(limitOf(answer)).toBe('"login-account";r=0');
    }
    // The limit of passwords is not exhausted.
    expect(await challengeFor(limited, ada)).toMatch(/^[\w-]{43}$/);
  });

  it('counts wrong codes towards the same limit', async () => {
    const ada = await enrolled();
    await forgetDevices(ada);
    for (let round = 0; round < 3; round += 1) await token(ada, wrongCode(ada.secret), limited).expect(400);
    await token(ada, codeOf(ada.secret), limited).expect(429);
  });
});
