import { amrOf, factorsSince, methodsOf, type Authentications } from './authentication.js';

describe('factorsSince', () => {
  it.each<[Authentications, since: number, factors: number]>([
    [{}, 0, 0],
    [{ pwd: 100 }, 100, 1],
    [{ pwd: 99 }, 100, 0],
    [{ pwd: 100, otp: 100 }, 100, 2],
    [{ pwd: 99, otp: 100 }, 100, 1],
    [{ pop: 100 }, 100, 2],
    [{ pwd: 100, otp: 100, pop: 100 }, 100, 2],
  ])('of %j since %i is %i', (authentications, since, factors) => {
    expect(factorsSince(authentications, since)).toBe(factors);
  });
});

describe('amrOf', () => {
  it('adds `mfa` for two factors only', () => {
    const amrs = [{}, { pwd: 1 }, { otp: 2, pwd: 1 }, { pop: 1 }].map((used) => amrOf(methodsOf(used)));
    expect(amrs).toEqual([[], ['pwd'], ['pwd', 'otp', 'mfa'], ['pop', 'mfa']]);
  });
});
