import { Agent } from 'node:http';
import { send, type Answer as Sent, type Request } from '../../bench/support/client.js';

export interface Answer extends Sent {
  /** Whose it is: the number that `next` was asked with. */
  readonly client: number;
}

/** Clients that ask one after another, each on a connection of its own that it keeps, until they are told to stop. */
export class Load {
  readonly answers: Answer[] = [];
  private stopping = false;
  private readonly done: Promise<unknown>;

  private constructor(clients: number, url: string, next: (client: number) => [path: string, request: Request]) {
    this.done = Promise.all(Array.from({ length: clients }, (_, client) => this.run(client, url, () => next(client))));
  }

  /** @param next what a client asks next */
  static start(clients: number, url: string, next: (client: number) => [path: string, request: Request]): Load {
    return new Load(clients, url, next);
  }

  /** Lets each client ask once, all at the same time, and waits for all answers. */
  static async once(
    clients: number,
    url: string,
    next: (client: number) => [path: string, request: Request],
  ): Promise<Load> {
    const load = Load.start(clients, url, next);
    await load.stop();
    return load;
  }

  /** How often each status was answered. */
  get statuses(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { status } of this.answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  /** The longest wait for an answer, in milliseconds. */
  get longest(): number {
    return Math.max(...this.answers.map(({ duration }) => duration));
  }

  /** Lets every client finish what it asked. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
  }

  /** Resolves when every client was told by the server to close its connection. */
  async dismissed(): Promise<void> {
    await this.done;
  }

  private async run(client: number, url: string, next: () => [path: string, request: Request]): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let dismissed = false;
    while (!this.stopping && !dismissed) {
      const [path, asked] = next();
      const answer = await send(agent, new URL(path, url), asked);
      this.answers.push({ client, ...answer });
      dismissed = answer.closes;
    }
    agent.destroy();
  }
}
