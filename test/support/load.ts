import { Agent } from 'node:http';
import { send, type Answer as Sent, type Request } from '../../bench/support/client.js';

export interface Answer extends Sent {
  /** Whose it is: the number that `next` was asked with. */
  readonly client: number;
}

type Next = (client: number) => [path: string, request: Request];

const newAgent = () => new Agent({ keepAlive: true, maxSockets: 1 });

/** Clients that ask one after another, each on a connection of its own that it keeps, until they are told to stop. */
export class Load {
  readonly answers: Answer[] = [];
  private stopping = false;
  private readonly done: Promise<unknown>;

  private constructor(agents: readonly Agent[], url: string, next: Next) {
    this.done = Promise.all(agents.map((agent, client) => this.run(client, agent, url, next)));
  }

  /** @param next what a client asks next */
  static start(clients: number, url: string, next: Next): Load {
    return new Load(Array.from({ length: clients }, newAgent), url, next);
  }

  /** Lets them connect one after another before they begin: several processes behind one port get equal shares of them. */
  static async startInTurn(clients: number, url: string, next: Next): Promise<Load> {
    const agents = Array.from({ length: clients }, newAgent);
    for (const agent of agents) await send(agent, new URL('/health/live', url), {});
    return new Load(agents, url, next);
  }

  /** How often the client has been answered that was answered least. */
  fewest(clients: number): number {
    const counts = Array<number>(clients).fill(0);
    for (const { client } of this.answers) counts[client] = (counts[client] ?? 0) + 1;
    return Math.min(...counts);
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

  private async run(client: number, agent: Agent, url: string, next: Next): Promise<void> {
    let dismissed = false;
    while (!this.stopping && !dismissed) {
      const [path, asked] = next(client);
      const answer = await send(agent, new URL(path, url), asked);
      this.answers.push({ client, ...answer });
      dismissed = answer.closes;
    }
    agent.destroy();
  }
}
