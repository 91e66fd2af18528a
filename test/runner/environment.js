import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';
import { formatStackTrace } from './stack-traces.js';

/** The properties that Jest and its test framework set on the global object while a test file runs. */
const FRAMEWORK_STATE = [
  'EVENT_HANDLERS',
  'LOG_ERRORS_BEFORE_RETRY',
  'RETRY_IMMEDIATELY',
  'RETRY_TIMES',
  'RETRY_TIMES_SETTER',
  'TEST_TIMEOUT_SYMBOL',
  'WAIT_BEFORE_RETRY',
].map((name) => Symbol.for(name));
/** Long, because a thread of low priority needs seconds to start on a busy machine, and stays open until then. */
const CLOSE_TIMEOUT_MS = 120_000;
/** A stopped process lets the timeout pass. It needs some turns of the event loop to close what ended meanwhile. */
const MIN_POLLS = 100;

/**
 * The test environment of a file: the worker process itself. The next file of the worker gets the same process, so
 * `teardown` undoes every change that a file can make through Jest, and its changes of environment variables. It fails
 * if the file leaves a server, socket, timer or process open.
 */
export default class NativeEnvironment {
  global = globalThis;
  fakeTimers = null;
  moduleMocker = new ModuleMocker(globalThis);
  #env = { ...process.env };
  #console = globalThis.console;
  #exit = process.exit;
  /** @type {string[]} */
  #openBefore;

  /** @param {import('@jest/environment').JestEnvironmentConfig} config */
  constructor({ projectConfig }) {
    // The standard streams open at their first use and stay open.
    for (const name of ['stdin', 'stdout', 'stderr']) Reflect.get(process, name);
    this.#openBefore = process.getActiveResourcesInfo();
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  /** Jest requires this method. */
  getVmContext() {
    return null;
  }

  async setup() {
    Error.prepareStackTrace = formatStackTrace;
  }

  async teardown() {
    this.fakeTimersModern.dispose();
    globalThis.console = this.#console;
    process.exit = this.#exit;
    for (const symbol of FRAMEWORK_STATE) Reflect.deleteProperty(globalThis, symbol);
    for (const name of Object.keys(process.env)) if (!(name in this.#env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, this.#env);
    await this.#untilClosed();
  }

  async #untilClosed() {
    const deadline = performance.now() + CLOSE_TIMEOUT_MS;
    for (let polls = 0; this.#leftOpen().length > 0; polls += 1) {
      if (polls > MIN_POLLS && performance.now() > deadline)
        throw new Error(`This file left open: ${this.#leftOpen().join(', ')}.`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Lists the types of the resources that the file opened and did not close. */
  #leftOpen() {
    const before = [...this.#openBefore];
    return process.getActiveResourcesInfo().filter((type) => {
      const index = before.indexOf(type);
      if (index >= 0) before.splice(index, 1);
      return index < 0;
    });
  }
}
