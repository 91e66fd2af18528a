// How many access tokens a second one core signs and verifies, by each algorithm, with the application's own services.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { JwtService } from '@nestjs/jwt';
import { accessTokens } from './support/access-tokens.js';

/** How much of the processor's time, in milliseconds, each figure gets. */
const DURATION = 2_000;
const IDS = { userId: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60', sessionId: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e61' };

/** @param {AbortSignal} signal */
export async function bench(signal) {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 3_072 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  console.log('       verified/s   signed/s');
  for (const privateKey of [undefined, ec, rsa]) {
    signal.throwIfAborted();
    const { algorithm, sign, verify } = await tokensOf(privateKey);
    const verified = await perSecond(verify, signal);
    const signed = await perSecond(sign, signal);
    console.log(`${algorithm} ${column(verified, 12)} ${column(signed, 10)}`);
  }
}

/** @param {import('node:crypto').KeyObject} [privateKey] the secret signs where there is none */
async function tokensOf(privateKey) {
  const pem = privateKey?.export({ type: 'pkcs8', format: 'pem' }).toString();
  const secret = randomBytes(48).toString('base64');
  const { config, keys, tokens } = await accessTokens({ JWT_SECRET: secret, JWT_PRIVATE_KEY: pem });
  const { accessToken } = await tokens.issue(IDS);
  const jwt = new JwtService();
  const { issuer, audience } = config.accessToken;
  const algorithms = [...keys.algorithms];
  return {
    algorithm: keys.current.algorithm,
    sign: () => tokens.issue(IDS),
    verify: () => jwt.verifyAsync(accessToken, { publicKey: keys.forToken(accessToken), algorithms, issuer, audience }),
  };
}

/**
 * By the processor's time, which what else runs on the machine changes little.
 *
 * @param {() => Promise<unknown>} work
 * @param {AbortSignal} signal
 */
async function perSecond(work, signal) {
  for (let i = 0; i < 500; i += 1) await work();
  const start = process.cpuUsage();
  let [count, spent] = [0, 0];
  while (spent < DURATION) {
    for (let i = 0; i < 50; i += 1) await work();
    count += 50;
    // Promises alone never let a signal through.
    await breathe();
    signal.throwIfAborted();
    const { user, system } = process.cpuUsage(start);
    spent = (user + system) / 1_000;
  }
  return (count * 1_000) / spent;
}

/** Two digits are what such a figure is worth. @param {number} figure @param {number} width */
function column(figure, width) {
  return Number(figure.toPrecision(2)).toLocaleString('en').padStart(width);
}
