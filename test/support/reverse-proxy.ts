import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardChild } from '../runner/process-guard.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

/** How to run a proxy in the foreground with a configuration file. */
const PROGRAMS = {
  haproxy: { file: 'haproxy.cfg', args: (config: string) => ['-db', '-q', '-f', config] },
  nginx: {
    file: 'nginx.conf',
    args: (config: string, folder: string) => ['-p', folder, '-c', config, '-g', 'daemon off; pid nginx.pid;'],
  },
} as const;

/** Also stops the workers of nginx, immediately. */
const STOP_SIGNAL = 'SIGTERM';

/** Runs HAProxy or nginx in front of two instances, with the configuration in `docs/operations/`. */
export class ReverseProxy {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static readonly areInstalled = Object.keys(PROGRAMS).every((name) => spawnSync(name, ['-v']).status === 0);

  /** @param ports of the two instances */
  static async start(name: keyof typeof PROGRAMS, ports: readonly [string, string]): Promise<ReverseProxy> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-proxy-'));
    const [port, config] = [await stablePort(), join(folder, PROGRAMS[name].file)];
    const documented = await readFile(join('docs/operations', PROGRAMS[name].file), 'utf8');
    const text = documented
      .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
      .replace('127.0.0.1:3001', `127.0.0.1:${ports[0]}`)
      .replace('127.0.0.1:3002', `127.0.0.1:${ports[1]}`);
    await writeFile(config, name === 'nginx' ? text.replace('http {', 'http {\n  access_log off;') : text);
    const program = spawn(name, PROGRAMS[name].args(config, folder), { stdio: 'ignore' });
    const child = guardChild(program, { signal: STOP_SIGNAL, folder });
    const proxy = new ReverseProxy(child, folder, `http://127.0.0.1:${port}`);
    const isReady = () =>
      fetch(`${proxy.url}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      );
    try {
      await until(`${name} passes requests on`, isReady);
      return proxy;
    } catch (error) {
      await proxy.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(STOP_SIGNAL);
      await once(this.child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
