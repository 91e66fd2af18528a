import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { RunningApp } from './running-app.js';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Returns copies of a token with one character changed: the last one to any other, all others in their lowest bit. */
export function changeEachCharacter(token: string): string[] {
  const last = token.length - 1;
  return [...token].flatMap((character, at) => {
    const others = at === last ? [...BASE64URL, '='] : [BASE64URL[BASE64URL.indexOf(character) ^ 1] ?? 'A'];
    return others
      .filter((other) => other !== character)
      .map((other) => token.slice(0, at) + other + token.slice(at + 1));
  });
}

/** Sends each access token in a request of its own. Returns those that did not get 401. */
export async function findAccepted({ url }: RunningApp, tokens: readonly string[]): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const answers = await Promise.all(
    tokens.map(async (token) => {
      const request = get(`${url}/users/me`, { agent, headers: { authorization: `Bearer ${token}` } });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      return { token, status: response.statusCode };
    }),
  );
  agent.destroy();
  return answers.filter(({ status }) => status !== 401).map(({ token }) => token);
}
