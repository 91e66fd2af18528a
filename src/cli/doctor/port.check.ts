import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/env.js';
import { ok, problem, warning, type Finding } from '../../server/checks/finding.js';

const CHECK = 'port';
const PROBE_TIMEOUT_MS = 2_000;

/** Listens on the port for a moment. */
export async function inspectPort({ http: { host, port } }: Config): Promise<readonly Finding[]> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return [ok(CHECK, `${host}:${port} is free`)];
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return [await describeListener(host, port)];
    const advice =
      code === 'EACCES'
        ? 'Use a PORT above 1023, or give the process the right to use lower ones.'
        : 'Set HOST to an IP address of this machine, or to 0.0.0.0.';
    return [problem(CHECK, `Cannot listen on ${host}:${port} (${code}). ${advice}`)];
  } finally {
    server.close();
  }
}

async function describeListener(host: string, port: number): Promise<Finding> {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const response = await fetch(`http://${name}:${port}/health/live`, { signal }).catch(() => null);
  return response?.ok
    ? ok(CHECK, `The application runs on ${host}:${port}`)
    : warning(CHECK, `Another program uses ${host}:${port}. Stop it, or set PORT.`);
}
