import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { parseYaml } from '@redocly/openapi-core';
import { parseDuration } from '../../src/config/duration.js';
import { parseEnvironment } from '../../src/config/env.js';
import { environmentSchema } from '../../src/config/env.schema.js';
import { HealthController } from '../../src/health/health.controller.js';
import { checkNode } from '../../src/server/checks/machine-checks.js';
import { WORKER_DRAIN_TIMEOUT_MS } from '../../src/server/cluster.js';

interface Container {
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Pod {
  readonly containers: readonly [Container];
  readonly terminationGracePeriodSeconds: number;
}
interface Workload {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
    readonly selector: { readonly matchLabels: object };
    readonly ports: readonly { readonly targetPort: string }[];
  };
}
interface Service {
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly ports: readonly string[];
  readonly stop_grace_period: string;
}
interface Compose {
  readonly services: Readonly<Record<'migration' | 'application', Service>>;
  readonly secrets: object;
}

const read = (file: string) => readFileSync(file, 'utf8');
const dockerfile = read('Dockerfile');
const compose = parseYaml(read('compose.yaml')) as Compose;
const { migration, application } = compose.services;
const manifests = read('deploy/kubernetes.yaml')
  .split(/^---$/m)
  .map((text) => parseYaml(text) as Workload);
const find = (kind: string) => {
  const manifest = manifests.find((candidate) => candidate.kind === kind);
  if (!manifest) throw new Error(`kubernetes.yaml has no ${kind}.`);
  return manifest.spec;
};
const pod = find('Deployment').template.spec;
const [container] = pod.containers;
const [job] = find('Job').template.spec.containers;
const variablesOf = ({ env }: Container) => Object.fromEntries(env.map(({ name, value }) => [name, value]));

const ENVIRONMENTS = {
  'the migration of compose.yaml': migration.environment,
  'the application of compose.yaml': application.environment,
  'the job of kubernetes.yaml': variablesOf(job),
  'the deployment of kubernetes.yaml': variablesOf(container),
};

/** Returns the production settings of these variables. Replaces the mounted files by valid secrets. */
function parseMounted(variables: Readonly<Record<string, string>>) {
  const files = Object.keys(variables).filter((name) => name.endsWith('_FILE'));
  const secrets = {
    DATABASE_URL: 'postgresql://gatehouse@database/gatehouse',
    JWT_SECRET: randomBytes(48).toString('base64'),
  };
  const others = Object.entries(variables).filter(([name]) => !files.includes(name));
  const mounted = Object.entries(secrets).filter(([name]) => files.includes(`${name}_FILE`));
  return parseEnvironment({ NODE_ENV: 'production', ...Object.fromEntries([...others, ...mounted]) });
}

describe.each(Object.entries(ENVIRONMENTS))('the environment of %s', (_, variables) => {
  it('contains only known variables', () => {
    const known = Object.keys(environmentSchema('production').shape).flatMap((name) => [name, `${name}_FILE`]);
    expect(known).toEqual(expect.arrayContaining(Object.keys(variables)));
  });

  it('is valid in production', () => {
    expect(parseMounted(variables).environment).toBe('production');
  });

  it('names files of the mounted secrets', () => {
    const mounts = [job, container].flatMap(({ volumeMounts }) => volumeMounts.map(({ mountPath }) => `${mountPath}/`));
    const secrets = Object.keys(compose.secrets).map((name) => `/run/secrets/${name}`);
    const files = Object.entries(variables).flatMap(([name, value]) => (name.endsWith('_FILE') ? [value] : []));
    expect(files.filter((file) => !secrets.includes(file) && !mounts.some((path) => file.startsWith(path)))).toEqual(
      [],
    );
  });
});

it('the containers start files of the image', () => {
  const start = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]';
  const commands = [JSON.parse(start) as string[], migration.command ?? [], job.command ?? []];
  const files = commands.map((command) => command.find((word) => word.endsWith('.js')) ?? '');
  expect(files).toEqual(['dist/src/main.js', 'scripts/typeorm.js', 'scripts/typeorm.js']);
  expect(files.map((file) => existsSync(file.replace(/^dist\/(.*)\.js$/, '$1.ts')))).toEqual([true, true, true]);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const command of commands.slice(1)) expect(command.join(' ')).toBe(scripts['migration:run']);
});

it('the containers publish the default port', () => {
  const { port } = parseMounted(variablesOf(container)).http;
  expect(container.ports).toEqual([{ name: 'http', containerPort: port }]);
  expect(find('Service').ports.map(({ targetPort }) => targetPort)).toEqual(['http']);
  expect(application.ports.map((published) => Number(published.split(':').at(-1)))).toEqual([port]);
  expect(/^EXPOSE (\d+)$/m.exec(dockerfile)?.[1]).toBe(String(port));
});

it('the probes request routes of HealthController', () => {
  const pathOf = (method: keyof HealthController) =>
    `/health/${Reflect.getMetadata(PATH_METADATA, Reflect.get(HealthController.prototype, method) as object)}`;
  const [livePath, readyPath] = [pathOf('getLiveness'), pathOf('getReadiness')];
  expect(Reflect.getMetadata(PATH_METADATA, HealthController)).toBe('health');
  const { startupProbe, livenessProbe, readinessProbe } = container;
  expect([startupProbe, livenessProbe].map(({ httpGet }) => httpGet)).toEqual(
    Array(2).fill({ path: livePath, port: 'http' }),
  );
  expect(readinessProbe.httpGet).toEqual({ path: readyPath, port: 'http' });
  expect(dockerfile).toContain(`3000}${livePath}\``);
});

it('the grace periods exceed the delay and the drain of a shutdown', () => {
  const grace = [pod.terminationGracePeriodSeconds * 1_000, parseDuration(application.stop_grace_period) ?? 0];
  const delays = [variablesOf(container), application.environment].map(
    (variables) => parseMounted(variables).http.shutdownDelay,
  );
  const longest = Math.max(...delays) + WORKER_DRAIN_TIMEOUT_MS;
  expect(Math.min(...grace)).toBeGreaterThan(longest);
});

it('the selectors of kubernetes.yaml match its pods', () => {
  const { labels } = find('Deployment').template.metadata;
  expect(find('Deployment').selector.matchLabels).toEqual(labels);
  expect(find('PodDisruptionBudget').selector.matchLabels).toEqual(labels);
  expect(find('Service').selector).toEqual(labels);
});

it('the image has a supported version of Node.js', () => {
  const version = /^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(dockerfile)?.[1] ?? '';
  expect(checkNode(version).level).toBe('ok');
});

it('README.md sends its requests to $BASE, because another program may use port 3000', () => {
  const commands = readFileSync('README.md', 'utf8').match(/\bcurl .*/g) ?? [];
  expect(commands.length).toBeGreaterThan(3);
  expect(commands.filter((command) => !command.includes(' $BASE/'))).toEqual([]);
});
