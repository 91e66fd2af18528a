/** Returns how often to repeat a race: the first number in `npm test`, the second one in `npm run test:long`. */
export function rounds(usual: number, long: number): number {
  return process.env['TEST_LONG'] === '1' ? long : usual;
}
