// Requests that no row of the table of routes has, and that run other statements.
import { PASSWORD } from '../support/accounts.js';

/** An address that a handful of sessions have at most. */
const ADDRESS = '10.0.0.77';

/** @typedef {(world: import('../routes/calls.js').World) => Promise<import('../routes/calls.js').Request>} Prepare */

/** @param {object} json @returns {Prepare} */
const revoke = (json) => async (world) => ({
  method: 'post',
  path: '/admin/sessions/revoke',
  accessToken: (await world.signedIn('admin')).accessToken,
  json,
});

/** @type {Readonly<Record<string, Prepare>>} */
export const EXTRAS = {
  '`POST /admin/sessions/revoke`, an address counted': revoke({ ipAddress: ADDRESS, dryRun: true }),
  '`POST /admin/sessions/revoke`, an address': revoke({ ipAddress: ADDRESS }),
  '`POST /admin/sessions/revoke`, a time counted': revoke({ createdBefore: '2001-01-01T00:00:00Z', dryRun: true }),
  'a refused sign-in': async (world) => {
    const { email } = await world.signedIn();
    return { method: 'post', path: '/auth/login', json: { email, password: `not ${PASSWORD}` }, isRefused: true };
  },
  'a stolen refresh token': async (world) => {
    const { refreshToken } = await world.signedIn();
    const refresh = { method: /** @type {const} */ ('post'), path: '/auth/refresh' };
    const next = /** @type {{ refreshToken: string }} */ (await world.send({ ...refresh, json: { refreshToken } }));
    await world.send({ ...refresh, json: { refreshToken: next.refreshToken } });
    return { ...refresh, json: { refreshToken }, isRefused: true };
  },
};
