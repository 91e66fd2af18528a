import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { RejectionDelay } from './rejection-delay.js';

/** Lets pending promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('RejectionDelay', () => {
  let delay: RejectionDelay;
  let ended: number;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    delay = new RejectionDelay();
    ended = 0;
  });
  afterEach(() => jest.useRealTimers());

  const wait = (response?: ServerResponse) => void delay.wait(response).then(() => (ended += 1));
  const fill = (count = 5_000) => {
    for (let i = 0; i < count; i += 1) wait();
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

  it('delays rejections longer while more of them wait', async () => {
    fill(1_000);
    jest.advanceTimersByTime(999);
    await settle();
    expect(ended).toBe(500);
  });

  it('does not delay a rejection if too many wait', async () => {
    fill();
    wait();
    await settle();
    expect(ended).toBe(1);
  });

  it('frees the place of a client that disconnects', async () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    wait(response);
    fill(4_999);
    response.emit('close');
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
    expect(ended).toBe(5_001);
  });
});
