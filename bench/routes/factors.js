// What routes of second factors need before they can be called.
import { PASSWORD } from '../support/accounts.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';

/** @typedef {import('./calls.js').World} World @typedef {import('./calls.js').Person} Person */

/** @param {World} world @param {Person} person */
export async function challengeFor(world, { email }) {
  const body = await world.send({ method: 'post', path: '/auth/login', json: { email, password: PASSWORD } }, 401);
  return /** @type {{ challenge: string }} */ (body).challenge;
}

/**
 * Returns the response of a new passkey. @param {World} world @param {string} accessToken @param {SoftwareAuthenticator} authenticator
 */
export async function newPasskey(world, accessToken, authenticator = new SoftwareAuthenticator(world.origin)) {
  const options = await world.send({ method: 'post', path: '/auth/factors/passkeys/options', accessToken });
  return authenticator.create(options);
}

/**
 * Returns a person with a passkey. @param {World} world
 */
export async function withPasskey(world) {
  const authenticator = new SoftwareAuthenticator(world.origin);
  const person = await world.signedIn();
  const response = await newPasskey(world, person.accessToken, authenticator);
  const { accessToken } = person;
  await world.send({ method: 'post', path: '/auth/factors/passkeys', accessToken, json: { response } });
  return { ...person, authenticator };
}
