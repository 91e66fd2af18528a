import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { OpenAPIObject } from '@nestjs/swagger';
import * as fc from 'fast-check';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { generatedRequests, type GeneratedRequest } from '../support/generated-requests.js';
import { operationsOf } from '../support/operations.js';
import { ResponseChecker } from '../support/response-checker.js';
import { TestApp } from '../support/test-app.js';

const REQUESTS = 20_000;
const BATCH = 20;
/** Twenty thousand requests that leaked a kilobyte each would need this much. */
const MAX_GROWTH_BYTES = 20 * 1_048_576;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('20,000 requests generated from the document', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  const callers = new Map<string, SignedIn>();

  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_SESSIONS_PER_USER: '10000' } });
    document = (await app.request.get('/openapi.json')).body as OpenAPIObject;
  });
  afterAll(() => app.close());

  /** Returns the token of a caller. Signs a new account in if the earlier one was signed out or deleted. */
  async function tokenOf(caller: GeneratedRequest['caller']): Promise<string | undefined> {
    if (caller === 'nobody') return undefined;
    if (caller === 'forged') return 'eyJhbGciOiJub25lIn0.e30.';
    const known = callers.get(caller) ?? (await buildSignedIn(app, caller));
    callers.set(caller, known);
    return known.accessToken;
  }

  async function send(request: GeneratedRequest) {
    const { operation, path, query, body, contentType } = request;
    const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent((path[name] ?? 'x').toWellFormed()),
    );
    const token = await tokenOf(request.caller);
    const response = await fetch(`${app.url}${filled}?${new URLSearchParams(query).toString()}`, {
      method: operation.method.toUpperCase(),
      headers: {
        ...(body !== undefined && { 'Content-Type': contentType }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    if (response.status === 401 && /"(session_|user_inactive)/.test(text)) callers.delete(request.caller);
    return { response, text };
  }

  it('get documented responses below 500, and leave prototypes and memory unchanged', async () => {
    const checker = new ResponseChecker(document);
    const operations = operationsOf(document);
    const prototypes = [Object.prototype, Array.prototype].map((prototype) =>
      Object.getOwnPropertyNames(prototype).join(),
    );
    const { id, sessionId } = await buildSignedIn(app);
    const statuses: Record<number, number> = {};
    const violations = new Set<string>();
    let sent = 0;
    let heapAtStart = 0;
    const property = fc.asyncProperty(
      fc.array(generatedRequests(operations, [id, sessionId]), { minLength: BATCH, maxLength: BATCH }),
      async (batch) => {
        await Promise.all(
          batch.map(async (request) => {
            const { operation, caller, body } = request;
            const { response, text } = await send(request);
            statuses[response.status] = (statuses[response.status] ?? 0) + 1;
            const found = checker.violationsOf(operation.path, operation.method, response, text);
            if (response.status >= 500) found.push(`answered ${response.status}: ${text}`);
            for (const violation of found)
              violations.add(`${operation.name} (${caller}) ${violation} ${body?.slice(0, 200)}`);
          }),
        );
        sent += batch.length;
        if (sent === REQUESTS / 4) heapAtStart = heapUsed();
      },
    );
    await fc.assert(property, { numRuns: REQUESTS / BATCH, endOnFailure: true });
    expect([...violations].slice(0, 20)).toEqual([]);
    expect(sent).toBe(REQUESTS);
    expect(Object.keys(statuses)).toEqual(
      expect.arrayContaining(['200', '201', '204', '400', '401', '403', '404', '422']),
    );
    expect(
      [Object.prototype, Array.prototype].map((prototype) => Object.getOwnPropertyNames(prototype).join()),
    ).toEqual(prototypes);
    expect(heapUsed() - heapAtStart).toBeLessThan(MAX_GROWTH_BYTES);
  }, 600_000);
});

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
