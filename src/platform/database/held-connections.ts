import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

interface Holder {
  readonly holdsConnection: boolean;
}

/**
 * Detects code that asks for a second connection while it has one. Such code can deadlock the pool. Production does not
 * use this class, because it slows down every promise.
 */
export class HeldConnections {
  private readonly holders = new AsyncLocalStorage<Holder>();

  /** Calls `fn`, which must not obtain a connection while `holder` has one. */
  during<T>(holder: Holder, fn: () => T): T {
    this.assertNone(holder);
    return this.holders.run(holder, fn);
  }

  /** Forbids a second connection for the rest of the calling function. */
  enter(holder: Holder): void {
    this.assertNone(holder);
    this.holders.enterWith(holder);
  }

  /** Calls `fn`. The effect of `enter` inside `fn` ends with it. */
  isolate<T>(fn: () => T): T {
    return new AsyncResource('Transaction').runInAsyncScope(fn);
  }

  /** Throws if the calling code has a connection other than that of `holder`. */
  assertNone(holder?: Holder): void {
    const current = this.holders.getStore();
    if (current === holder || !current?.holdsConnection) return;
    throw new Error(
      'This code has a database connection and asks for a second one, which can block the pool. Inside a transaction, ' +
        'use its EntityManager for every query: manager.getRepository(Order) instead of an injected repository.',
    );
  }
}
