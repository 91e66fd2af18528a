import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

interface Holder {
  readonly holdsConnection: boolean;
}

/**
 * Detects code that asks for a second connection while it has one. Such code blocks the pool forever once enough requests
 * run it. Production does not use this class, because it slows down every promise.
 */
export class HeldConnections {
  private readonly holders = new AsyncLocalStorage<Holder>();

  /** Calls `fn`, which must not obtain a connection while `holder` has one. */
  during<T>(holder: Holder, fn: () => T): T {
    this.assertNone(holder);
    return this.holders.run(holder, fn);
  }

  /** Does the same for the rest of the calling function. */
  enter(holder: Holder): void {
    this.assertNone(holder);
    this.holders.enterWith(holder);
  }

  /** Calls `fn`, and ends there what `enter` begins in it. */
  isolate<T>(fn: () => T): T {
    return new AsyncResource('Transaction').runInAsyncScope(fn);
  }

  /** @throws Error if the calling code has a connection, other than that of `holder` */
  assertNone(holder?: Holder): void {
    const current = this.holders.getStore();
    if (current === holder || !current?.holdsConnection) return;
    throw new Error(
      'This code has a database connection and asks for a second one, which can block the pool. Use the EntityManager of ' +
        'the transaction for every query in it: manager.getRepository(Order) instead of an injected repository.',
    );
  }
}
