// A good request of every route, and of those kinds of one route that cost something else. The tests count what each
// asks of the database (docs/performance.md), and `npm run bench -- growth` looks at how it is answered.
import { PASSWORD } from '../support/accounts.js';

/**
 * @typedef {object} Person somebody who has just signed in
 * @property {string} id
 * @property {string} email
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {string} sessionId
 *
 * @typedef {object} World where the requests are made
 * @property {(role?: 'user' | 'admin') => Promise<Person>} signedIn somebody else each time,
 *   whose address is not verified; `PASSWORD` is their password
 * @property {(purpose: 'password_reset' | 'email_verification' | 'not_me', person: Person) => Promise<string>} token
 *   as it would stand in a mail
 * @property {(request: Request) => Promise<unknown>} send gives the answer's body
 *
 * @typedef {object} Request
 * @property {'get' | 'post' | 'patch' | 'delete'} method
 * @property {string} path
 * @property {string} [accessToken]
 * @property {object} [json]
 * @property {Record<string, string>} [form]
 * @property {string} [userAgent] the world's own by default
 * @property {boolean} [isRefused] whether the answer is to be 401
 *
 * @typedef {object} RouteCall
 * @property {string} route as `PATCH /admin/users/{id}`
 * @property {string} [kind] what is special about it
 * @property {(world: World) => Promise<Request>} prepare does what comes before
 */

const NEW_PASSWORD = 'nine candles before dawn';
let strangers = 0;
const newEmail = () => `stranger-${process.pid}-${(strangers += 1)}@example.com`;
const soon = () => new Date(Date.now() + 3_600_000).toISOString();

/** @param {Person} person */
const login = ({ email }) => ({ email, password: PASSWORD });

/** @typedef {(given: { me: Person, other: Person }) => Partial<Request>} Rest what a request is beyond its route and whose it is */

/** @param {string} route @param {(world: World) => Promise<Partial<Request>>} rest @param {string} [kind] @returns {RouteCall} */
function open(route, rest, kind) {
  const [method = '', path = ''] = route.split(' ');
  const prepare = async (/** @type {World} */ world) =>
    /** @type {Request} */ ({ method: method.toLowerCase(), path, ...(await rest(world)) });
  return { route, prepare, ...(kind && { kind }) };
}

/** @typedef {(route: string, rest?: Rest, kind?: string) => RouteCall} Guarded */

/** @param {'user' | 'admin'} role @returns {Guarded} */
function by(role) {
  return (route, rest = () => ({}), kind) =>
    open(
      route,
      async (world) => {
        const [me, other] = [await world.signedIn(role), await world.signedIn()];
        const path = route.split(' ')[1]?.replace('{id}', other.id);
        return { accessToken: me.accessToken, ...(path && { path }), ...rest({ me, other }) };
      },
      kind,
    );
}

const user = by('user');
const admin = by('admin');

/** @type {readonly RouteCall[]} */
export const ROUTE_CALLS = [
  open('POST /auth/register', async () => ({ json: { email: newEmail(), password: PASSWORD } })),
  open('POST /auth/login', async (world) => ({ json: login(await world.signedIn()) }), 'on a known device'),
  open(
    'POST /auth/login',
    async (world) => ({ json: login(await world.signedIn()), userAgent: 'Another/1.0' }),
    'on a new device',
  ),
  open('POST /auth/refresh', async (world) => ({ json: { refreshToken: (await world.signedIn()).refreshToken } })),
  open(
    'POST /auth/refresh',
    async (world) => {
      const { refreshToken } = await world.signedIn();
      await world.send({ method: 'post', path: '/auth/refresh', json: { refreshToken } });
      return { json: { refreshToken } };
    },
    'once more, within the grace',
  ),
  open(
    'POST /auth/token',
    async (world) => {
      const { email } = await world.signedIn();
      return { form: { grant_type: 'password', username: email, password: PASSWORD } };
    },
    'with a password',
  ),
  open(
    'POST /auth/token',
    async (world) => {
      const { refreshToken } = await world.signedIn();
      return { form: { grant_type: 'refresh_token', refresh_token: refreshToken } };
    },
    'to refresh',
  ),
  user('POST /auth/logout'),
  user('POST /auth/password', () => ({ json: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD } })),
  open('POST /auth/password/forgot', async (world) => ({ json: { email: (await world.signedIn()).email } })),
  open('POST /auth/password/forgot', async () => ({ json: { email: newEmail() } }), 'of nobody'),
  open('POST /auth/password/reset', async (world) => {
    const token = await world.token('password_reset', await world.signedIn());
    return { json: { token, newPassword: NEW_PASSWORD } };
  }),
  user('POST /auth/email/verification'),
  open('POST /auth/email/verify', async (world) => {
    return { json: { token: await world.token('email_verification', await world.signedIn()) } };
  }),
  open('POST /auth/not-me', async (world) => {
    return { json: { token: await world.token('not_me', await world.signedIn()) } };
  }),
  open('GET /.well-known/jwks.json', async () => ({})),
  user('GET /users/me'),
  user('PATCH /users/me', () => ({ json: { name: 'Ada Lovelace' } })),
  user('DELETE /users/me', () => ({ json: { password: PASSWORD } })),
  user('GET /users/me/activity'),
  user('GET /sessions'),
  user('GET /sessions/current'),
  user('DELETE /sessions', () => ({ path: '/sessions?scope=others' })),
  user('DELETE /sessions/{id}', ({ me }) => ({ path: `/sessions/${me.sessionId}` })),
  admin('GET /admin/users'),
  admin('POST /admin/users', () => ({ json: { email: newEmail(), password: PASSWORD } })),
  admin('GET /admin/users/{id}'),
  admin('PATCH /admin/users/{id}', () => ({ json: { name: 'Ada Lovelace' } }), 'a name'),
  admin('PATCH /admin/users/{id}', () => ({ json: { role: 'admin' } }), 'a role'),
  admin('PATCH /admin/users/{id}', () => ({ json: { isActive: false } }), 'deactivated'),
  admin('DELETE /admin/users/{id}'),
  admin('GET /admin/sessions'),
  admin('DELETE /admin/sessions/{id}', ({ other }) => ({ path: `/admin/sessions/${other.sessionId}` })),
  admin('PATCH /admin/sessions/{id}', ({ other }) => ({
    path: `/admin/sessions/${other.sessionId}`,
    json: { expiresAt: soon() },
  })),
  admin('POST /admin/sessions/revoke', ({ other }) => ({ json: { userId: other.id } })),
  admin('POST /admin/sessions/revoke', ({ other }) => ({ json: { userId: other.id, dryRun: true } }), 'a dry run'),
  admin('GET /admin/audit'),
  open('GET /health/live', async () => ({})),
  open('GET /health/ready', async () => ({})),
  open('GET /health/db', async () => ({})),
];

/** The name of a call, as the table in docs/performance.md has it. @param {RouteCall} call */
export const nameOf = ({ route, kind }) => (kind ? `\`${route}\`, ${kind}` : `\`${route}\``);
