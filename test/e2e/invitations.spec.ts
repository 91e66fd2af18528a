import { InvitationsService } from '../../src/auth/invitations/invitations.service.js';
import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { MailServer } from '../support/mail-server.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const PASSWORD = 'nine candles before dawn';
let counter = 0;
const newEmail = () => `invited-${(counter += 1)}@example.com`;

interface Invited {
  readonly id: string;
  readonly email: string;
  readonly isInvited: boolean;
}

describe('an invitation', () => {
  let mailServer: MailServer;
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    mailServer = await MailServer.start();
    [app, other] = await TestApp.startTwo({ env: { SMTP_URL: mailServer.url } });
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(async () => {
    await app.close();
    await mailServer.close();
  });

  const create = async (email = newEmail()): Promise<Invited> =>
    (await app.as(admin.accessToken).post('/admin/users').send({ email, name: 'Ada' }).expect(201)).body as Invited;
  const invite = ({ id }: { id: string }, at = app) => at.as(admin.accessToken).post(`/admin/users/${id}/invitation`);
  const accept = (token: string, fields: object = {}, at = app) =>
    at.request.post('/auth/invitation/accept').send({ token, password: PASSWORD, ...fields });
  const login = ({ email }: { email: string }, password = PASSWORD) =>
    app.request.post('/auth/login').send({ email, password });
  const read = async ({ id }: { id: string }) =>
    (await app.as(admin.accessToken).get(`/admin/users/${id}`).expect(200)).body as Invited;

  it('is mailed to a new user without a password, and accepted with one', async () => {
    const ada = await create();
    expect(ada).toMatchObject({ isInvited: true, emailVerifiedAt: null });
    const { link, token } = await mailServer.next(ada.email);
    expect(link).toBe(`${app.config.publicUrl}/account/accept-invitation#token=${token}`);
    expect((await accept(token).expect(204)).text).toBe('');
    const { body } = await login(ada).expect(200);
    expect(body.user).toMatchObject({ name: 'Ada', emailVerifiedAt: expect.any(String) });
    expect(await read(ada)).toMatchObject({ isInvited: false });
    expect(await mailKinds(app, ada)).toEqual(['invitation']);
  });

  it('is shown in the list of users', async () => {
    const ada = await create();
    const list = () => app.as(admin.accessToken).get('/admin/users').query({ search: ada.email }).expect(200);
    expect((await list()).body.items[0].isInvited).toBe(true);
    await accept((await mailServer.next(ada.email)).token).expect(204);
    expect((await list()).body.items[0].isInvited).toBe(false);
  });

  it.each([
    ['Grace', 'Grace'],
    [null, null],
  ])('sets the name %j', async (name, expected) => {
    const ada = await create();
    await accept((await mailServer.next(ada.email)).token, { name }).expect(204);
    expect(await read(ada)).toMatchObject({ name: expected });
  });

  it('keeps working after a password that is too weak or malformed', async () => {
    const { token } = await mailServer.next((await create()).email);
    expectProblem(await accept(token, { password: 'password123' }), 422, 'password_too_weak');
    for (const fields of [{ password: 7 }, { password: '' }, { name: 7 }, { role: 'admin' }]) {
      expectProblem(await accept(token, fields), 400, 'validation_failed');
    }
    await accept(token).expect(204);
  });

  it('gives its user the same response at sign-in as an unknown email', async () => {
    const ada = await create();
    const [invited, unknown] = [await login(ada), await login({ email: newEmail() })];
    expectProblem(invited, 401, 'invalid_credentials');
    const comparable = ({ body }: typeof invited) => ({ ...(body as object), requestId: null });
    expect(comparable(invited)).toEqual(comparable(unknown));
  });

  it('can be replaced by a password reset', async () => {
    const ada = await create();
    const { token: invitation } = await mailServer.next(ada.email);
    await app.request.post('/auth/password/forgot').send({ email: ada.email }).expect(202);
    const { token } = await mailServer.next(ada.email);
    await app.request.post('/auth/password/reset').send({ token, newPassword: PASSWORD }).expect(204);
    expect(await read(ada)).toMatchObject({ isInvited: false });
    expectProblem(await accept(invitation), 422, 'token_used_or_expired');
  });

  it('is voided by a new one', async () => {
    const ada = await create();
    const older = await mailServer.next(ada.email);
    expect((await invite(ada).expect(202)).text).toBe('');
    const newer = await mailServer.next(ada.email);
    expectProblem(await accept(older.token), 422, 'token_used_or_expired');
    await accept(newer.token).expect(204);
  });

  it('is sent again only to users without a password', async () => {
    const ada = await create();
    await accept((await mailServer.next(ada.email)).token).expect(204);
    expectProblem(await invite(ada), 409, 'invitation_not_possible');
    expectProblem(await invite(await buildUser(app)), 409, 'invitation_not_possible');
    const inactive = await create();
    await app.as(admin.accessToken).patch(`/admin/users/${inactive.id}`).send({ isActive: false }).expect(200);
    expectProblem(await invite(inactive), 409, 'invitation_not_possible');
    expectProblem(await invite({ id: UNKNOWN_ID }), 404, 'user_not_found');
  });

  it('stops working while its user is inactive, and when they are deleted', async () => {
    const ada = await create();
    const { token } = await mailServer.next(ada.email);
    const setActive = (isActive: boolean) =>
      app.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive }).expect(200);
    await setActive(false);
    expectProblem(await accept(token), 422, 'token_used_or_expired');
    await setActive(true);
    const check = () => app.request.post('/auth/one-time-tokens/check').send({ token, purpose: 'invitation' });
    await check().expect(204);
    await app.as(admin.accessToken).delete(`/admin/users/${ada.id}`).expect(204);
    expectProblem(await check(), 422, 'token_used_or_expired');
    expectProblem(await accept(token), 422, 'token_used_or_expired');
  });

  it('moves to the corrected email, without a notice to the earlier one', async () => {
    // With a role, another query reads the user.
    for (const fields of [{}, { role: 'user' }]) {
      const [ada, email] = [await create(), newEmail()];
      const { token: older } = await mailServer.next(ada.email);
      const changes = { email, ...fields };
      await app.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send(changes).expect(200);
      expectProblem(await accept(older), 422, 'token_used_or_expired');
      await accept((await mailServer.next(email)).token).expect(204);
      expect(await mailKinds(app, ada)).toEqual(['invitation']);
      await create(ada.email);
    }
  });

  it.each<[string, () => Promise<string>]>([
    ['that has expired', async () => issueOldToken(app, 'invitation', await create())],
    ['for a password reset', async () => issueToken(app, 'password_reset', await create())],
    ['of an inactive user', () => issueTokenOfInactive(app, 'invitation')],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is malformed', () => Promise.resolve('../..')],
  ])('is rejected with a token %s', async (_, make) => {
    expectProblem(await accept(await make()), 422, 'token_used_or_expired');
  });

  it('is accepted once by 20 concurrent requests on two instances', async () => {
    const ada = await create();
    const { token } = await mailServer.next(ada.email);
    const passwords = Array.from({ length: 20 }, (_, i) => `${PASSWORD} ${i}`);
    const answers = await Promise.all(passwords.map((password, i) => accept(token, { password }, i % 2 ? app : other)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(19).fill(422)]);
    await login(ada, passwords[answers.findIndex(({ status }) => status === 204)]).expect(200);
  });

  it('has its mails and its end audited', async () => {
    const ada = await create();
    await mailServer.next(ada.email);
    await invite(ada).expect(202);
    await accept((await mailServer.next(ada.email)).token).expect(204);
    const event = { outcome: 'success', reason: null };
    expect(await auditEvents(app, ada, 'invitation_sent')).toEqual([
      { ...event, actor_id: admin.id, session_id: null },
    ]);
    expect(await auditEvents(app, ada, 'invitation_accepted')).toEqual([
      { ...event, actor_id: ada.id, session_id: null },
    ]);
  });

  it('is sent to each due user once by two commands at the same time', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, () => buildUser(app)));
    const ids = people.map(({ id }) => id);
    await app.database.query(`UPDATE users SET invitation = 'due' WHERE id = ANY ($1)`, [ids]);
    await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [ids[0]]);
    const services = [app.app.get(InvitationsService), other.app.get(InvitationsService)];
    expect(await services[0]?.countImported()).toBe(5);
    const counts = await Promise.all(services.map((service) => service.inviteImported(10)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
    for (const person of people.slice(1)) expect(await mailKinds(app, person)).toEqual(['verify_email', 'invitation']);
  });
});
