// Clients that ask one time after another, each on a connection of its own.
import { Client } from './client.js';

/** @typedef {(client: Client) => Promise<import('./client.js').Answer>} Act */

export class Flood {
  /** @type {number[]} milliseconds */
  durations = [];
  succeeded = 0;
  refused = 0;
  stopping = false;

  /** @param {string} url @param {readonly Act[]} acts a client for each */
  constructor(url, acts) {
    this.done = Promise.all(acts.map((act) => this.run(new Client(url), act)));
  }

  async stop() {
    this.stopping = true;
    await this.done;
  }

  /** @param {Client} client @param {Act} act */
  async run(client, act) {
    while (!this.stopping) {
      const { status, duration } = await act(client);
      if (status === 0) break;
      if (status === 200) this.succeeded += 1;
      else this.refused += 1;
      this.durations.push(duration);
    }
    client.close();
  }
}
