// Access tokens as the built application makes them.
import { JwtService } from '@nestjs/jwt';

/**
 * The application's own service, with what it is made of.
 *
 * @param {Readonly<Record<string, string | undefined>>} env the settings that matter
 * @returns {Promise<{ config: any, keys: any, tokens: { issue: (ids: Ids) => Promise<{ accessToken: string }> } }>}
 *
 * @typedef {{ userId: string, sessionId: string }} Ids
 */
export async function accessTokens(env) {
  const [{ parseEnvironment }, { KeyRing }, { AccessTokenService }] = await Promise.all(
    ['config/env.js', 'auth/signing-keys.js', 'auth/access-token.service.js'].map(built),
  );
  const config = parseEnvironment(env);
  const keys = new KeyRing(config);
  return { config, keys, tokens: new AccessTokenService(config, new JwtService(), keys) };
}

/** @param {string} file below src/ @returns {Promise<any>} */
const built = (file) => import(new URL(`../../dist/src/${file}`, import.meta.url).href);
