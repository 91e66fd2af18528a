import { limitMessages } from './message-limits.js';

const buildSocket = (bufferedAmount = 0) => ({
  bufferedAmount,
  pause: jest.fn(),
  resume: jest.fn(),
  terminate: jest.fn(),
});

describe('limitMessages', () => {
  it.each([
    ['ws', (socket: object) => socket],
    ['socket.io', (socket: object) => ({ conn: { transport: { socket } } })],
  ])('pauses a socket of %s while 64 of its messages are checked', async (_, clientOf) => {
    const socket = buildSocket();
    const finish: (() => void)[] = [];
    const check = () => new Promise<void>((resolve) => finish.push(resolve));
    const checks = Array.from({ length: 63 }, () => limitMessages(clientOf(socket), check));
    expect(socket.pause).not.toHaveBeenCalled();
    checks.push(limitMessages(clientOf(socket), check), limitMessages(clientOf(socket), check));
    expect(socket.pause).toHaveBeenCalledTimes(1);
    finish[0]?.();
    await checks[0];
    expect(socket.resume).not.toHaveBeenCalled();
    for (const done of finish) done();
    await Promise.all(checks);
    expect(socket.resume).toHaveBeenCalledTimes(1);
  });

  it('resumes after failed checks', async () => {
    const socket = buildSocket();
    const failing = () => Promise.reject(new Error('revoked'));
    await Promise.allSettled(Array.from({ length: 64 }, () => limitMessages(socket, failing)));
    expect(socket.resume).toHaveBeenCalledTimes(1);
  });

  it('closes the connection of a client that does not read', async () => {
    const socket = buildSocket(1_048_577);
    await limitMessages(socket, () => Promise.resolve());
    expect(socket.terminate).toHaveBeenCalledTimes(1);
  });
});
