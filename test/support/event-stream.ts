import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { RunningApp } from './running-app.js';

/** An open response that the test reads as it arrives. */
export class EventStream {
  /** The text so far. */
  text = '';
  /** Whether the server ended the response properly. */
  readonly ended: Promise<boolean>;
  isOpen = true;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    // A response that is cut off also emits an error.
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      response.once('close', () => {
        this.isOpen = false;
        resolve(response.complete);
      });
    });
  }

  /** Opens a stream. Check `response.statusCode`. */
  static async open({ url }: Pick<RunningApp, 'url'>, path: string, token?: string): Promise<EventStream> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const request = get(`${url}${path}`, { headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new EventStream(response);
  }

  /** Returns the data of the last event with this name. */
  last(event: string): unknown {
    const data = [...this.text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].findLast(([, name]) => name === event)?.[2];
    return data === undefined ? undefined : JSON.parse(data);
  }

  close(): void {
    this.response.destroy();
  }
}
