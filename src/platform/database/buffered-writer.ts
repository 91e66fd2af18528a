import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

const FLUSH_INTERVAL_MS = 5_000;

/** Collects data in memory and writes it every few seconds, so that no request waits for the write. */
export abstract class BufferedWriter implements OnModuleInit, OnApplicationShutdown {
  protected readonly logger = new Logger(this.constructor.name);
  private writing: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Writes the buffer. Also waits for writes that are already running. */
  async flush(): Promise<void> {
    this.writing = Promise.all([this.writing, this.write()]);
    await this.writing;
  }

  /** Empties the buffer and writes what it contained in one statement. Logs errors and never rejects. */
  protected abstract write(): Promise<void>;
}
