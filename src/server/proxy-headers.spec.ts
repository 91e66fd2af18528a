import { createServer } from 'node:http';
import express from 'express';
import { pino } from 'pino';
import type { TrustProxy } from '../http/client.js';
import { watchProxyHeaders } from './proxy-headers.js';

const PEER = '10.0.0.7';
const FORWARDED = { 'x-forwarded-for': '203.0.113.9' };

/** Returns the warnings about requests of `PEER` with these headers. */
function warningsAbout(trustProxy: unknown, ...requests: Readonly<Record<string, string>>[]): string[] {
  const warnings: string[] = [];
  const logger = pino({}, { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) });
  const server = createServer();
  const trusts = express().set('trust proxy', trustProxy).get('trust proxy fn') as TrustProxy;
  watchProxyHeaders(server, trusts, logger);
  for (const headers of requests) server.emit('request', { headers, socket: { remoteAddress: `::ffff:${PEER}` } });
  return warnings;
}

describe('watchProxyHeaders', () => {
  it.each([false, ['10.0.1.0/24']])('names the peer and the setting if TRUST_PROXY is %j', (trustProxy) => {
    const warnings = warningsAbout(trustProxy, {}, FORWARDED);
    expect(warnings).toEqual([
      expect.stringMatching(/^10\.0\.0\.7 sends X-Forwarded-For, .* set TRUST_PROXY=10\.0\.0\.7/),
    ]);
    expect(warnings.join()).not.toContain('203.0.113.9');
  });

  it.each([1, ['10.0.0.0/24'], ['uniquelocal']])('does not warn if TRUST_PROXY is %j', (trustProxy) => {
    expect(warningsAbout(trustProxy, FORWARDED)).toEqual([]);
  });

  it('warns once', () => {
    expect(warningsAbout(false, ...Array.from({ length: 5 }, () => FORWARDED))).toHaveLength(1);
  });

  it.each(['Forwarded', 'X-Real-IP'])('warns that %s alone is not read', (name) => {
    const headers = { [name.toLowerCase()]: 'for=203.0.113.9' };
    expect(warningsAbout(1, headers)).toEqual([
      expect.stringMatching(`^10\\.0\\.0\\.7 forwards requests with ${name}, but`),
    ]);
    expect(warningsAbout(1, { ...headers, ...FORWARDED })).toEqual([]);
  });
});
