import type { Fetch } from './authenticated-fetch.js';
import { readProblem, type Problem } from './problem.js';
import type { components } from './schema.js';

/** The password, a code, a recovery code or a passkey. */
export type StepUpProof = components['schemas']['StepUp'];

/** The problem `insufficient_user_authentication`, with what the request requires. */
export interface StepUpProblem extends Problem {
  /** How many seconds ago the user may have authenticated. */
  readonly maxAge: number;
  /** How many factors the user must use. A passkey counts as two. */
  readonly minFactors: number;
}

/** Sends a proof to the server. The result has an `error` if the server rejected it. */
export type SendProof = (proof: StepUpProof) => Promise<{ readonly error?: components['schemas']['Problem'] }>;

/** Asks the user for one or more proofs and sends them. Returns after the last one, or if the user cancels. */
export type AskForProof = (problem: StepUpProblem, send: SendProof) => Promise<void>;

/**
 * Returns a `fetch` that asks the user to authenticate again if a request requires it, and then sends the request once
 * more. Parallel requests ask once. If no proof was accepted, returns the 401. A request that is sent while `ask` runs
 * also gets the 401, because `ask` may wait for it.
 */
export function stepUpFetch(fetch: Fetch, ask: AskForProof, send: SendProof): Fetch {
  let asking: Promise<boolean> | undefined;
  let stepUps = 0;

  const askOnce = async (problem: StepUpProblem): Promise<boolean> => {
    const before = stepUps;
    await ask(problem, async (proof) => {
      const result = await send(proof);
      if (!result.error) stepUps += 1;
      return result;
    });
    return stepUps > before;
  };

  return async (request) => {
    const isSentWhileAsking = asking !== undefined;
    const before = stepUps;
    const response = await fetch(request.clone());
    const problem = response.status === 401 ? await readProblem(response) : null;
    if (problem?.code !== 'insufficient_user_authentication') return response;
    // The user may have authenticated for another request while this one was on its way.
    if (stepUps === before || (asking && !isSentWhileAsking)) {
      if (isSentWhileAsking) return response;
      // In a later microtask, so that `asking` is set when `ask` sends a request.
      asking ??= Promise.resolve(problem as StepUpProblem)
        .then(askOnce)
        .finally(() => (asking = undefined));
      if (!(await asking)) return response;
    }
    return fetch(request);
  };
}
