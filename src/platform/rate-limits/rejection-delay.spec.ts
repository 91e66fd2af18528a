import { RejectionDelay } from './rejection-delay.js';

/** Lets pending promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('RejectionDelay', () => {
  const client = { ipAddress: null, userAgent: null };
  let delay: RejectionDelay;
  let ended: number;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    delay = new RejectionDelay();
    ended = 0;
  });
  afterEach(() => jest.useRealTimers());

  const wait = (onClose?: (listener: () => void) => void) =>
    void delay.wait({ ...client, ...(onClose && { response: { onClose } }) }).then(() => (ended += 1));
  const fill = () => {
    for (let i = 0; i < 2_048; i += 1) wait();
  };

  it('delays a rejection by half a second', async () => {
    wait();
    jest.advanceTimersByTime(499);
    await settle();
    expect(ended).toBe(0);
    jest.advanceTimersByTime(1);
    await settle();
    expect(ended).toBe(1);
  });

  it('does not delay a rejection if too many wait', async () => {
    fill();
    wait();
    await settle();
    expect(ended).toBe(1);
  });

  it('frees the place of a client that disconnects', async () => {
    let disconnect = (): void => undefined;
    wait((listener) => (disconnect = listener));
    for (let i = 1; i < 2_048; i += 1) wait();
    disconnect();
    await settle();
    expect(ended).toBe(1);
    wait();
    await settle();
    expect(ended).toBe(1);
  });

  it('sends waiting and further rejections immediately at shutdown', async () => {
    fill();
    delay.beforeApplicationShutdown();
    wait();
    await settle();
    expect(ended).toBe(2_049);
  });
});
