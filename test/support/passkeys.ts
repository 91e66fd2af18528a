import { SoftwareAuthenticator, type Fields, type PasskeyAlgorithm } from '../../bench/support/authenticator.js';
import type { SignedIn } from './builders.js';
import type { TestApp } from './test-app.js';

/** Returns a new authenticator on the website of an instance. */
export function authenticatorFor({ config }: TestApp, algorithm?: PasskeyAlgorithm): SoftwareAuthenticator {
  const [origin = ''] = config.passkeys.origins;
  return new SoftwareAuthenticator(origin, algorithm);
}

/** Returns the response of a new passkey. */
export async function createPasskey(
  app: TestApp,
  person: SignedIn,
  authenticator = authenticatorFor(app),
  fields: Fields = {},
) {
  const { body } = await app.as(person.accessToken).post('/auth/factors/passkeys/options').expect(200);
  return authenticator.create(body, fields);
}

/** Adds a passkey to the account of a person and returns its authenticator. */
export async function addPasskey(
  app: TestApp,
  person: SignedIn,
  algorithm?: PasskeyAlgorithm,
): Promise<SoftwareAuthenticator> {
  const authenticator = authenticatorFor(app, algorithm);
  const response = await createPasskey(app, person, authenticator);
  await app.as(person.accessToken).post('/auth/factors/passkeys').send({ response }).expect(201);
  return authenticator;
}
