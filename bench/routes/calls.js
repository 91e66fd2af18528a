// A valid request of each route, and of each variant with other costs. A test compares their statements with
// docs/performance.md, and `npm run bench -- growth` measures them with large tables.
import { PASSWORD } from '../support/accounts.js';
import { challengeFor, codeOf, enrolled, enrolling, newPasskey, withPasskey } from './factors.js';
import { newEmail, open, SIGN_IN_CALLS } from './sign-in-calls.js';

/**
 * @typedef {{ id: string, email: string, accessToken: string, refreshToken: string, sessionId: string }} Person
 *
 * @typedef {'password_reset' | 'email_verification' | 'not_me' | 'email_change' | 'invitation'} Purpose
 *
 * @typedef {object} World where the requests are sent
 * @property {(role?: 'user' | 'admin') => Promise<Person>} signedIn signs in another person each time, whose password is
 *   `PASSWORD` and whose email address is not verified
 * @property {(purpose: Purpose, person: Person, email?: string) => Promise<string>} token
 *   creates a one-time token like in a mail, `email` being the new or the earlier email
 * @property {(request: Request, status?: number) => Promise<unknown>} send returns the body of the response
 * @property {string} origin of the website, for passkeys
 *
 * @typedef {object} Request
 * @property {'get' | 'post' | 'patch' | 'delete'} method
 * @property {string} path
 * @property {string} [accessToken]
 * @property {object} [json]
 * @property {Record<string, string>} [form]
 * @property {string} [userAgent] the same for all requests by default
 * @property {string} [cookie] the value of the refresh cookie, which a page of the website sends
 *
 * @typedef {object} RouteCall
 * @property {string} route such as `PATCH /admin/users/{id}`
 * @property {string} [kind] the variant
 * @property {(world: World) => Promise<Request>} prepare does what has to happen before
 */

const NEW_PASSWORD = 'nine candles before dawn';

/** @typedef {(people: { me: Person, other: Person }) => Partial<Request>} Rest what a request has besides its route and token */

/** @param {'user' | 'admin'} role @returns {(route: string, rest?: Rest, kind?: string) => RouteCall} */
const by =
  (role) =>
  (route, rest = () => ({}), kind) =>
    open(
      route,
      async (world) => {
        const [me, other] = [await world.signedIn(role), await world.signedIn()];
        const path = String(route.split(' ')[1]).replace('{id}', other.id);
        return { accessToken: me.accessToken, path, ...rest({ me, other }) };
      },
      kind,
    );

const [user, admin] = [by('user'), by('admin')];

/** @param {(person: Person) => string} tokenOf @param {string} kind */
const introspect = (tokenOf, kind) =>
  open(
    'POST /auth/introspect',
    async (world) => {
      const { accessToken } = await world.signedIn('admin');
      const json = { name: 'Orders', scopes: ['introspect'] };
      const created = await world.send({ method: 'post', path: '/auth/keys', accessToken, json });
      const { key } = /** @type {{ key: string }} */ (created);
      return { accessToken: key, form: { token: tokenOf(await world.signedIn()) } };
    },
    kind,
  );

/** @type {readonly RouteCall[]} */
export const ROUTE_CALLS = [
  ...SIGN_IN_CALLS,
  user('POST /auth/logout'),
  open(
    'POST /auth/logout',
    async (world) => ({ json: { refreshToken: (await world.signedIn()).refreshToken } }),
    'with a refresh token',
  ),
  open('POST /auth/logout', async (world) => ({ cookie: (await world.signedIn()).refreshToken }), 'in cookie mode'),
  open(
    'POST /auth/revoke',
    async (world) => ({ form: { token: (await world.signedIn()).refreshToken } }),
    'a refresh token',
  ),
  open(
    'POST /auth/revoke',
    async (world) => ({ form: { token: (await world.signedIn()).accessToken } }),
    'an access token',
  ),
  user('POST /auth/password', () => ({ json: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD } })),
  user('POST /auth/step-up', () => ({ json: { password: PASSWORD } }), 'with a password'),
  open(
    'POST /auth/step-up',
    async (world) => {
      const { accessToken, code } = await enrolled(world);
      return { accessToken, json: { code } };
    },
    'with a code',
  ),
  user('GET /auth/factors'),
  user('POST /auth/factors/totp'),
  open('POST /auth/factors/totp/{id}/confirm', async (world) => {
    const { accessToken, id, secret } = await enrolling(world);
    return { accessToken, path: `/auth/factors/totp/${id}/confirm`, json: { code: codeOf(secret) } };
  }),
  open('POST /auth/factors/recovery-codes', async (world) => ({ accessToken: (await enrolled(world)).accessToken })),
  open('PATCH /auth/factors/{id}', async (world) => {
    const { accessToken, id } = await enrolled(world);
    return { accessToken, path: `/auth/factors/${id}`, json: { name: 'Phone' } };
  }),
  open('DELETE /auth/factors/{id}', async (world) => {
    const { accessToken, id } = await enrolled(world);
    return { accessToken, path: `/auth/factors/${id}` };
  }),
  user('POST /auth/keys', () => ({ json: { name: 'Nightly export' } })),
  user('GET /auth/keys'),
  open('DELETE /auth/keys/{id}', async (world) => {
    const { accessToken } = await world.signedIn();
    const json = { name: 'Nightly export' };
    const key = await world.send({ method: 'post', path: '/auth/keys', accessToken, json });
    return { accessToken, path: `/auth/keys/${/** @type {{ id: string }} */ (key).id}` };
  }),
  introspect((person) => person.accessToken, 'an access token'),
  introspect((person) => person.refreshToken, 'a refresh token'),
  open('POST /auth/password/forgot', async (world) => ({ json: { email: (await world.signedIn()).email } })),
  open('POST /auth/password/forgot', async () => ({ json: { email: newEmail() } }), 'unknown email'),
  open('POST /auth/password/reset', async (world) => {
    const token = await world.token('password_reset', await world.signedIn());
    return { json: { token, newPassword: NEW_PASSWORD } };
  }),
  user('POST /auth/email/verification'),
  open('POST /auth/email/verify', async (world) => ({
    json: { token: await world.token('email_verification', await world.signedIn()) },
  })),
  open('POST /auth/email/change', async (world) => ({
    json: { token: await world.token('email_change', await world.signedIn(), newEmail()) },
  })),
  open('POST /auth/invitation/accept', async (world) => ({
    json: { token: await world.token('invitation', await world.signedIn()), password: NEW_PASSWORD },
  })),
  open('POST /auth/not-me', async (world) => ({
    json: { token: await world.token('not_me', await world.signedIn()) },
  })),
  open(
    'POST /auth/not-me',
    async (world) => ({ json: { token: await world.token('not_me', await world.signedIn(), newEmail()) } }),
    'after a change of the email',
  ),
  open('POST /auth/one-time-tokens/check', async (world) => ({
    json: { token: await world.token('not_me', await world.signedIn()), purpose: 'not_me' },
  })),
  user('POST /auth/factors/passkeys/options'),
  open('POST /auth/factors/passkeys', async (world) => {
    const { accessToken } = await world.signedIn();
    return { accessToken, json: { response: await newPasskey(world, accessToken) } };
  }),
  open('POST /auth/passkey/options', async () => ({})),
  open('POST /auth/passkey', async (world) => {
    const { authenticator } = await withPasskey(world);
    const options = await world.send({ method: 'post', path: '/auth/passkey/options' });
    return { json: { response: authenticator.get(options) } };
  }),
  open('POST /auth/login/factor/passkey-options', async (world) => ({
    json: { challenge: await challengeFor(world, await withPasskey(world)) },
  })),
  open(
    'POST /auth/login/factor',
    async (world) => {
      const { authenticator, ...me } = await withPasskey(world);
      const challenge = await challengeFor(world, me);
      const path = '/auth/login/factor/passkey-options';
      const passkey = authenticator.get(await world.send({ method: 'post', path, json: { challenge } }));
      return { json: { challenge, passkey } };
    },
    'a passkey',
  ),
  user('POST /auth/step-up/passkey-options'),
  open('GET /.well-known/jwks.json', async () => ({})),
  open('GET /.well-known/oauth-authorization-server', async () => ({})),
  user('GET /users/me'),
  user('PATCH /users/me', () => ({ json: { name: 'Ada Lovelace' } })),
  user('POST /users/me/email', () => ({ json: { email: newEmail() } })),
  user('POST /users/me/email', ({ other }) => ({ json: { email: other.email } }), 'taken'),
  user('DELETE /users/me', () => ({ json: { password: PASSWORD } })),
  user('GET /users/me/activity'),
  user('GET /sessions'),
  user('GET /sessions/current'),
  user('DELETE /sessions/current'),
  user('DELETE /sessions', () => ({ path: '/sessions?scope=others' })),
  user('DELETE /sessions/{id}', ({ me }) => ({ path: `/sessions/${me.sessionId}` })),
  admin('GET /admin/users'),
  admin('POST /admin/users', () => ({ json: { email: newEmail(), password: PASSWORD } })),
  admin('POST /admin/users', () => ({ json: { email: newEmail() } }), 'an invitation'),
  open('POST /admin/users/{id}/invitation', async (world) => {
    const { accessToken } = await world.signedIn('admin');
    const invited = await world.send({
      method: 'post',
      path: '/admin/users',
      accessToken,
      json: { email: newEmail() },
    });
    return { accessToken, path: `/admin/users/${/** @type {{ id: string }} */ (invited).id}/invitation` };
  }),
  admin('GET /admin/users/{id}'),
  admin('PATCH /admin/users/{id}', () => ({ json: { name: 'Ada Lovelace' } }), 'a name'),
  admin('PATCH /admin/users/{id}', () => ({ json: { email: newEmail() } }), 'an email'),
  admin('PATCH /admin/users/{id}', () => ({ json: { role: 'admin' } }), 'a role'),
  admin('PATCH /admin/users/{id}', () => ({ json: { isActive: false } }), 'deactivated'),
  admin('DELETE /admin/users/{id}'),
  open('DELETE /admin/users/{id}/factors', async (world) => {
    const [{ me }, { accessToken }] = [await enrolled(world), await world.signedIn('admin')];
    return { accessToken, path: `/admin/users/${me.id}/factors` };
  }),
  admin('GET /admin/sessions'),
  admin('DELETE /admin/sessions/{id}', ({ other }) => ({ path: `/admin/sessions/${other.sessionId}` })),
  admin('PATCH /admin/sessions/{id}', ({ other }) => ({
    path: `/admin/sessions/${other.sessionId}`,
    json: { expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
  })),
  admin('POST /admin/sessions/revoke', ({ other }) => ({ json: { userId: other.id } })),
  admin('POST /admin/sessions/revoke', ({ other }) => ({ json: { userId: other.id, dryRun: true } }), 'a dry run'),
  admin('GET /admin/audit'),
  open('GET /health/live', async () => ({})),
  open('GET /health/ready', async () => ({})),
  open('GET /health/db', async () => ({})),
];

/** Returns the name of a call, like in the table of docs/performance.md. @param {RouteCall} call */
export const nameOf = ({ route, kind }) => (kind ? `\`${route}\`, ${kind}` : `\`${route}\``);
