/**
 * Measures each subject once per round, so that other work on the machine affects all alike. Each round starts with
 * another subject. A first round warms up and does not count.
 *
 * @template {{ name: string }} S
 * @template R
 * @param {readonly S[]} subjects @param {number} rounds @param {(subject: S) => Promise<R>} measure
 * @param {(message: string) => void} [log]
 * @returns {Promise<ReadonlyMap<string, R[]>>} the results by the subject's name
 */
export async function inTurns(subjects, rounds, measure, log = console.log) {
  /** @type {Map<string, R[]>} */
  const results = new Map(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      log(`${round === 0 ? 'Warm-up' : `Round ${round} of ${rounds}`}: ${subject.name}`);
      const result = await measure(subject);
      if (round > 0) results.get(subject.name)?.push(result);
    }
  }
  return results;
}
