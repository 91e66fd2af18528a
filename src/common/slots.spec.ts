import type { PendingResponse } from './client.js';
import { OverloadedError, RequestTimeoutError } from './domain.error.js';
import { Slots, SlotTimeoutError } from './slots.js';

const responseOf = (writableEnded: boolean, destroyed = false): PendingResponse & { writableEnded: boolean } => ({
  writableEnded,
  destroyed,
  once: () => undefined,
});

describe('Slots', () => {
  it('passes slots on in order of arrival', async () => {
    const slots = new Slots({ slots: 1, maxWaiting: 2 });
    const order: string[] = [];
    expect(slots.acquire()).toBeUndefined();
    const take = async (name: string) => {
      await slots.acquire();
      order.push(name);
    };
    const waiting = [take('a'), take('b')];
    slots.release();
    slots.release();
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b']);
  });

  it('rejects callers while the queue is full', () => {
    const slots = new Slots({ slots: 1, maxWaiting: 1 });
    void slots.acquire();
    void slots.acquire();
    expect(slots.isFull()).toBe(true);
    expect(() => slots.acquire()).toThrow(OverloadedError);
  });

  it.each([
    ['has timed out', responseOf(true)],
    ['has disconnected', responseOf(false, true)],
  ])('rejects a caller whose client %s', (_, response) => {
    expect(() => new Slots({ slots: 1, maxWaiting: 1 }).acquire(response)).toThrow(RequestTimeoutError);
  });

  it('drops a waiting caller that is no longer needed when its turn comes', async () => {
    const slots = new Slots({ slots: 1, maxWaiting: 2 });
    const response = responseOf(false);
    void slots.acquire();
    const dropped = slots.acquire(response);
    const next = slots.acquire();
    response.writableEnded = true;
    slots.release();
    await expect(dropped).rejects.toThrow(RequestTimeoutError);
    await next;
    expect(slots.waiting).toBe(0);
  });

  it('frees the places of abandoned callers if the queue is full', async () => {
    const slots = new Slots({ slots: 1, maxWaiting: 1 });
    const response = responseOf(false);
    void slots.acquire();
    const dropped = slots.acquire(response);
    response.writableEnded = true;
    const next = slots.acquire();
    await expect(dropped).rejects.toThrow(RequestTimeoutError);
    slots.release();
    await next;
  });

  it('rejects a caller whose wait times out, and keeps the slot for the next', async () => {
    const slots = new Slots({ slots: 1, maxWaiting: 1, timeoutMs: 1 });
    void slots.acquire();
    await expect(slots.acquire()).rejects.toThrow(SlotTimeoutError);
    slots.release();
    expect(slots.acquire()).toBeUndefined();
  });
});
