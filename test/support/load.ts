import { Agent } from 'node:http';
import { send, type Answer as Sent, type Request } from '../../bench/support/client.js';

export interface Answer extends Sent {
  /** The number of the client that sent the request. */
  readonly client: number;
}

/** Returns the next request of a client. */
type Next = (client: number) => [path: string, request: Request];

const newAgent = () => new Agent({ keepAlive: true, maxSockets: 1 });

/** Runs clients until they are stopped. Each sends its requests in sequence on one persistent connection. */
export class Load {
  readonly answers: Answer[] = [];
  private stopping = false;
  private readonly done: Promise<unknown>;

  private constructor(agents: readonly Agent[], url: string, next: Next) {
    this.done = Promise.all(agents.map((agent, client) => this.run(client, agent, url, next)));
  }

  static start(clients: number, url: string, next: Next): Load {
    return new Load(Array.from({ length: clients }, newAgent), url, next);
  }

  /** Connects the clients one after another first, so that several processes behind one port get equal shares. */
  static async startInTurn(clients: number, url: string, next: Next): Promise<Load> {
    const agents = Array.from({ length: clients }, newAgent);
    for (const agent of agents) await send(agent, new URL('/health/live', url), {});
    return new Load(agents, url, next);
  }

  /** Returns the number of responses of the client that has the fewest. */
  fewest(clients: number): number {
    const counts = Array<number>(clients).fill(0);
    for (const { client } of this.answers) counts[client] = (counts[client] ?? 0) + 1;
    return Math.min(...counts);
  }

  /** The number of responses with each status. */
  get statuses(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { status } of this.answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  /** The longest response time in milliseconds. */
  get longest(): number {
    return Math.max(...this.answers.map(({ duration }) => duration));
  }

  /** Stops after the running requests. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
  }

  /** Waits until the server has asked every client to close its connection. */
  async dismissed(): Promise<void> {
    await this.done;
  }

  private async run(client: number, agent: Agent, url: string, next: Next): Promise<void> {
    let dismissed = false;
    while (!this.stopping && !dismissed) {
      const [path, request] = next(client);
      const answer = await send(agent, new URL(path, url), request);
      this.answers.push({ client, ...answer });
      dismissed = answer.closes;
    }
    agent.destroy();
  }
}
