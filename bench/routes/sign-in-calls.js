// The requests of sign-in and refresh.
import { PASSWORD } from '../support/accounts.js';
import { challengeFor, enrolled } from './factors.js';

/**
 * @typedef {import('./calls.js').Request} Request
 * @typedef {import('./calls.js').RouteCall} RouteCall
 * @typedef {import('./calls.js').World} World
 */

let strangers = 0;
export const newEmail = () => `stranger-${process.pid}-${(strangers += 1)}@example.com`;

/** @param {string} route @param {(world: World) => Promise<Partial<Request>>} prepare @param {string} [kind] @returns {RouteCall} */
export function open(route, prepare, kind) {
  const [method = '', path = ''] = route.split(' ');
  return {
    route,
    ...(kind && { kind }),
    prepare: async (world) =>
      /** @type {Request} */ ({ method: method.toLowerCase(), path, ...(await prepare(world)) }),
  };
}

/** @param {World} world */
const login = async (world) => ({ email: (await world.signedIn()).email, password: PASSWORD });

/** @type {readonly RouteCall[]} */
export const SIGN_IN_CALLS = [
  open('POST /auth/register', async () => ({ json: { email: newEmail(), password: PASSWORD } })),
  open('POST /auth/login', async (world) => ({ json: await login(world) }), 'on a known device'),
  open('POST /auth/login', async (world) => ({ json: await login(world), userAgent: 'New/1.0' }), 'on a new device'),
  open(
    'POST /auth/login',
    async (world) => ({ json: { ...(await login(world)), tokenDelivery: 'cookie' } }),
    'in cookie mode',
  ),
  open(
    'POST /auth/login',
    async (world) => {
      const { email, refreshToken: cookie } = await world.signedIn();
      return { json: { email, password: PASSWORD, tokenDelivery: 'cookie' }, cookie };
    },
    'in cookie mode, to replace a session',
  ),
  open(
    'POST /auth/login/factor',
    async (world) => {
      const { me, code } = await enrolled(world);
      return { json: { challenge: await challengeFor(world, me), code } };
    },
    'with a code',
  ),
  open(
    'POST /auth/login/factor',
    async (world) => {
      const { me, recoveryCode } = await enrolled(world);
      return { json: { challenge: await challengeFor(world, me), recoveryCode } };
    },
    'with a recovery code',
  ),
  open('POST /auth/refresh', async (world) => ({ json: { refreshToken: (await world.signedIn()).refreshToken } })),
  open('POST /auth/refresh', async (world) => ({ cookie: (await world.signedIn()).refreshToken }), 'in cookie mode'),
  open(
    'POST /auth/refresh',
    async (world) => {
      const { refreshToken } = await world.signedIn();
      await world.send({ method: 'post', path: '/auth/refresh', json: { refreshToken } });
      return { json: { refreshToken } };
    },
    'within the grace period',
  ),
  open(
    'POST /auth/token',
    async (world) => {
      const { email: username, password } = await login(world);
      return { form: { grant_type: 'password', username, password } };
    },
    'with a password',
  ),
  open(
    'POST /auth/token',
    async (world) => {
      const { me, code } = await enrolled(world);
      return { form: { grant_type: 'password', username: me.email, password: PASSWORD, otp: code } };
    },
    'with a password and a code',
  ),
  open(
    'POST /auth/token',
    async (world) => ({
      form: { grant_type: 'refresh_token', refresh_token: (await world.signedIn()).refreshToken },
    }),
    'to refresh',
  ),
];
