import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { guardChild } from '../runner/process-guard.js';
import { stablePort } from './stable-port.js';
import { until } from './until.js';

/** Runs a Redis server without persistence for one test. The test can kill and restart it on the same port. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(private readonly port: number) {}

  static readonly isInstalled = spawnSync('redis-server', ['--version']).status === 0;

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await stablePort());
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async restart(): Promise<void> {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.child = guardChild(spawn('redis-server', settings, { stdio: 'ignore' }));
    await until('Redis answers', () => this.ask((redis) => redis.ping()).then(Boolean, () => false));
  }

  /** Queries Redis on a new connection, without the application. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
