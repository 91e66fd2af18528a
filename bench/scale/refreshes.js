import { cpuSeconds } from '../support/processors.js';
import { rounded } from '../support/report.js';

const PEOPLE = 10;
const REFRESHES = 100;

/**
 * Refreshes tokens one after the other. Returns PostgreSQL's processor time in microseconds per refresh.
 *
 * @param {import('../growth/world.js').GrowthWorld} world @param {number} postgres the process of PostgreSQL
 */
export async function measureRefreshes(world, postgres) {
  const tokens = [];
  for (let person = 0; person < PEOPLE; person += 1) tokens.push((await world.signedIn()).refreshToken);
  const before = cpuSeconds(postgres);
  for (let refresh = 0; refresh < REFRESHES; refresh += 1) {
    for (const [person, refreshToken] of tokens.entries()) {
      const pair = await world.send({ method: 'post', path: '/auth/refresh', json: { refreshToken } });
      tokens[person] = /** @type {{ refreshToken: string }} */ (pair).refreshToken;
    }
  }
  return rounded(((cpuSeconds(postgres) - before) / (PEOPLE * REFRESHES)) * 1e6);
}
