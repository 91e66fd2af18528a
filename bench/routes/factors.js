// Prepares people and requests for the routes of second factors.
import { generateSync } from 'otplib';
import { PASSWORD } from '../support/accounts.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';

/** @typedef {import('./calls.js').World} World @typedef {import('./calls.js').Person} Person */

/** Sends a correct password, and returns the challenge for the second factor. @param {World} world @param {Person} person */
export async function challengeFor(world, { email }) {
  const body = await world.send({ method: 'post', path: '/auth/login', json: { email, password: PASSWORD } }, 401);
  return /** @type {{ challenge: string }} */ (body).challenge;
}

/**
 * Returns the response of a new passkey.
 *
 * @param {World} world @param {string} accessToken @param {SoftwareAuthenticator} authenticator
 */
export async function newPasskey(world, accessToken, authenticator = new SoftwareAuthenticator(world.origin)) {
  const options = await world.send({ method: 'post', path: '/auth/factors/passkeys/options', accessToken });
  return authenticator.create(options);
}

/** Returns a person with a passkey. @param {World} world */
export async function withPasskey(world) {
  const authenticator = new SoftwareAuthenticator(world.origin);
  const person = await world.signedIn();
  const response = await newPasskey(world, person.accessToken, authenticator);
  const { accessToken } = person;
  await world.send({ method: 'post', path: '/auth/factors/passkeys', accessToken, json: { response } });
  return { ...person, authenticator };
}

/**
 * Returns the code of an authenticator app. Each code works once, and none after a later one.
 *
 * @param {string} secret @param {number} [steps] of 30 seconds
 */
export const codeOf = (secret, steps = 0) =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1_000) + steps * 30 });

/** Signs a person in who starts to add an authenticator app. @param {import('./calls.js').World} world */
export async function enrolling(world) {
  const me = await world.signedIn();
  const { accessToken } = me;
  const body = await world.send({ method: 'post', path: '/auth/factors/totp', accessToken });
  const { id, secret } = /** @type {{ id: string, secret: string }} */ (body);
  return { me, accessToken, id, secret };
}

/** Signs a person in who has an authenticator app. @param {import('./calls.js').World} world */
export async function enrolled(world) {
  const { me, accessToken, id, secret } = await enrolling(world);
  const path = `/auth/factors/totp/${id}/confirm`;
  const body = await world.send({ method: 'post', path, accessToken, json: { code: codeOf(secret) } });
  const { recoveryCodes } = /** @type {{ recoveryCodes: string[] }} */ (body);
  return { me, accessToken, id, code: codeOf(secret, 1), recoveryCode: recoveryCodes[0] };
}
