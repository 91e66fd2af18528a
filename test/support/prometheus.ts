import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isRoot, NOBODY } from '../../scripts/postgres-binaries.js';
import { guardChild } from '../runner/process-guard.js';
import { ALERTS } from './monitoring.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

/** Runs a Prometheus for one test. It scrapes one instance every second. */
export class Prometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly url: string,
  ) {}

  static readonly isInstalled = spawnSync('prometheus', ['--version']).status === 0;

  /** Returns the output of `promtool`. Throws if it fails. */
  static promtool(args: readonly string[], input = ''): string {
    const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`promtool ${args.join(' ')} failed:\n${stdout}${stderr}`);
    return stdout;
  }

  /** @param metricsUrl the URL of the metrics of an instance */
  static async start(metricsUrl: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-prometheus-'));
    const config = join(folder, 'prometheus.yml');
    const { host } = new URL(metricsUrl);
    await writeFile(
      config,
      `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${resolve(ALERTS)}']
scrape_configs: [{ job_name: gatehouse, static_configs: [{ targets: ['${host}'] }] }]
`,
    );
    if (isRoot) await chown(folder, NOBODY.uid, NOBODY.gid);
    await chmod(folder, 0o755);
    const port = await stablePort();
    const flags = [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`];
    const args = [...flags, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
    const options = { ...(isRoot && NOBODY), cwd: folder, stdio: 'ignore' } as const;
    const child = guardChild(spawn('prometheus', args, options), { folder });
    const prometheus = new Prometheus(child, folder, `http://127.0.0.1:${port}`);
    try {
      await until('Prometheus has scraped', async () => {
        if (child.exitCode !== null) throw new Error('Prometheus did not start.');
        const result = await prometheus.query('up == 1').catch(() => []);
        return result.length > 0;
      });
      return prometheus;
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
  }

  /** Returns the values of an instant query. Throws if Prometheus rejects it. */
  async query(query: string): Promise<number[]> {
    const body = new URLSearchParams({ query });
    const response = await fetch(`${this.url}/api/v1/query`, { method: 'POST', body });
    const { status, data, error } = (await response.json()) as Answer;
    if (status !== 'success') throw new Error(`${query}: ${error}`);
    return data.result.map(({ value: [, value] }) => Number(value));
  }

  /** Returns the names of the alert rules with their health. */
  async rules(): Promise<{ readonly name: string; readonly health: string }[]> {
    const response = await fetch(`${this.url}/api/v1/rules`);
    const { data } = (await response.json()) as { data: { groups: { rules: { name: string; health: string }[] }[] } };
    return data.groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly value: readonly [time: number, value: string] }[] };
}
