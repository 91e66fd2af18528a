import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/env.js';
import { ok, problem, warning, type Finding } from '../../server/checks/finding.js';

const CHECK = 'port';
const PROBE_TIMEOUT_MS = 2_000;

/** Listens on each port for a moment. */
export async function inspectPorts({ http, metrics }: Config): Promise<readonly Finding[]> {
  const findings = [await inspectPort(http.host, http.port, 'HOST and PORT')];
  const { host, port } = metrics;
  return port === null ? findings : [...findings, await inspectPort(host, port, 'METRICS_HOST and METRICS_PORT')];
}

async function inspectPort(host: string, port: number, settings: string): Promise<Finding> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return ok(CHECK, `${host}:${port} is free`);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return await describeListener(host, port, settings);
    const advice =
      code === 'EACCES'
        ? 'Use a port above 1023, or give the process the right to use lower ones.'
        : 'The host must be an IP address of this machine, or 0.0.0.0.';
    return problem(CHECK, `Cannot listen on ${host}:${port} (${code}). Check ${settings}. ${advice}`);
  } finally {
    server.close();
  }
}

async function describeListener(host: string, port: number, settings: string): Promise<Finding> {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const path = settings.startsWith('METRICS') ? '/metrics' : '/health/live';
  const response = await fetch(`http://${name}:${port}${path}`, { signal }).catch(() => null);
  return response?.ok
    ? ok(CHECK, `The application runs on ${host}:${port}`)
    : warning(CHECK, `Another program uses ${host}:${port}. Stop it, or change ${settings}.`);
}
