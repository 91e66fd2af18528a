import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

interface ConnectionOwner {
  readonly holdsConnection: boolean;
}

/**
 * Detects code that asks for a second connection while it has one. Such code can deadlock the pool. Production does not
 * use this class, because it slows down every promise.
 */
export class SecondConnectionDetector {
  private readonly owners = new AsyncLocalStorage<ConnectionOwner>();

  /** Calls `fn`, which must not obtain a connection while `owner` has one. */
  during<T>(owner: ConnectionOwner, fn: () => T): T {
    this.assertNone(owner);
    return this.owners.run(owner, fn);
  }

  /** Forbids a second connection for the rest of the calling function. */
  enter(owner: ConnectionOwner): void {
    this.assertNone(owner);
    this.owners.enterWith(owner);
  }

  /** Calls `fn`. The effect of `enter` inside `fn` ends with it. */
  isolate<T>(fn: () => T): T {
    return new AsyncResource('Transaction').runInAsyncScope(fn);
  }

  /**
   * Forgets all owners. Otherwise Node.js before version 24 copies them to every promise until the process ends, even
   * after the data source was destroyed.
   */
  dispose(): void {
    this.owners.disable();
  }

  /** Throws if the calling code has a connection other than that of `owner`. */
  assertNone(owner?: ConnectionOwner): void {
    const current = this.owners.getStore();
    if (current === owner || !current?.holdsConnection) return;
    throw new Error(
      'This code has a database connection and asks for a second one, which can block the pool. Inside a transaction, ' +
        'use its EntityManager for every query: manager.getRepository(Order) instead of an injected repository.',
    );
  }
}
