import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks';
import { ChildProcess } from 'node:child_process';
import { createRequire, register } from 'node:module';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { pathToFileURL } from 'node:url';
import JestRuntime from 'jest-runtime';

const nodeRequire = createRequire(import.meta.url);
/** Its type declarations do not describe a class. */
const Runtime = /** @type {any} */ (JestRuntime);

register('./typescript.js', import.meta.url);
// Otherwise Node.js would not keep the source maps that `stack-traces.js` reads.
process.setSourceMapsEnabled(true);
// Otherwise a busy worker gives up the first IP address of `localhost` after 250 ms, although it is connected.
setDefaultAutoSelectFamilyAttemptTimeout(60_000);
// A listener for `disconnect` would keep the worker from ending by itself.
setInterval(endIfOrphaned, 1_000, process.ppid).unref();
// Jest restarts a worker that uses much memory with SIGTERM, often when its next file has started. The applications of that
// file must not shut down and exit. Jest sends the file again to the new worker.
if (process.send) process.on('SIGTERM', () => process.kill(process.pid, 'SIGKILL'));

/**
 * Jest's runtime without its module sandbox: Node.js loads the modules. A worker loads the application once and not
 * once per test file. All test files of a worker therefore share the state of the modules and of the process.
 */
export default class NativeRuntime extends Runtime {
  /** @type {AsyncLocalStorage<unknown>[]} */
  #contexts = [];

  unstable_shouldLoadAsEsm() {
    return true;
  }

  /** @param {string} path */
  unstable_importModule(path) {
    return import(pathToFileURL(path).href);
  }

  /** @param {string} from @param {string} [name] */
  requireModule(from, name) {
    return name ? createRequire(from)(name) : nodeRequire(from);
  }

  /**
   * Loads the test framework again for each file, because it keeps the tests of a file in its modules. Collects its
   * contexts, because Node.js before version 24 copies each active one to every promise of the process.
   *
   * @param {string} path
   */
  requireInternalModule(path) {
    Reflect.deleteProperty(nodeRequire.cache, path);
    const contexts = this.#contexts;
    /**
     * @template T
     * @extends {AsyncLocalStorage<T>}
     */
    class Collected extends AsyncLocalStorage {
      constructor() {
        super();
        contexts.push(this);
      }
    }
    replaceStorage(Collected);
    try {
      return nodeRequire(path);
    } finally {
      replaceStorage(AsyncLocalStorage);
    }
  }

  teardown() {
    for (const context of this.#contexts) context.disable();
    super.teardown();
  }

  setGlobalsForRuntime() {
    Object.assign(globalThis, { jest: this['jestGlobals'].jestObjectFor(this['_testPath']) });
  }

  setMock() {
    throw new Error(
      'Node.js loads the modules, so Jest cannot mock one. Pass a replacement to the code under test instead.',
    );
  }

  setModuleMock() {
    this.setMock();
  }

  installGetBuiltinModule() {
    // Without a sandbox, this has no effect.
  }
}

/**
 * Replaces the class that `node:async_hooks` exports, which is a getter since Node.js 22.
 *
 * @param {typeof AsyncLocalStorage} value
 */
function replaceStorage(value) {
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

/**
 * Ends this worker and the processes that its tests started if Jest was killed.
 *
 * @param {number} parent the process ID of Jest
 */
function endIfOrphaned(parent) {
  if (process.ppid === parent) return;
  const { _getActiveHandles } = /** @type {{ _getActiveHandles: () => object[] }} */ (/** @type {unknown} */ (process));
  for (const handle of _getActiveHandles()) if (handle instanceof ChildProcess) handle.kill('SIGTERM');
  process.exit(1);
}
