import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { RunningApp } from './running-app.js';

const BOUNDARY = 'gatehouse-test';
export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** Returns the bytes of one part. */
export function part(field: string, content: string, filename?: string): string {
  const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: text/plain`;
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"${file}\r\n\r\n${content}\r\n`;
}

/** Returns a multipart body with these parts. */
export function multipart(...parts: readonly string[]): string {
  return `${parts.join('')}--${BOUNDARY}--\r\n`;
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

/** An upload whose client sends the last bytes on demand. */
export class SlowUpload {
  private readonly answered: Promise<Answer>;

  private constructor(
    readonly request: ClientRequest,
    private readonly rest: string,
  ) {
    this.answered = once(request, 'response').then(([response]) => read(response as IncomingMessage));
    // A test that aborts the upload does not wait for the response.
    this.answered.catch(() => undefined);
    request.on('error', () => undefined);
  }

  /** Sends the upload without its last ten bytes. */
  static start(
    app: RunningApp,
    path: string,
    { accessToken, body, headers }: { accessToken?: string; body: string; headers?: OutgoingHttpHeaders },
  ): SlowUpload {
    const length = headers?.['Transfer-Encoding'] ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const token = accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
    const sent = request(`${app.url}${path}`, {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': MULTIPART, ...length, ...token, ...headers },
    });
    sent.write(body.slice(0, -10));
    return new SlowUpload(sent, body.slice(-10));
  }

  /** Sends the last bytes and returns the response. */
  finish(): Promise<Answer> {
    this.request.end(this.rest);
    return this.answered;
  }

  /** Returns the response that the server sends before the upload is complete. */
  answer(): Promise<Answer> {
    return this.answered;
  }

  /** Closes the connection. */
  abort(): void {
    this.request.destroy();
  }
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks = (await response.toArray()) as Buffer[];
  const text = Buffer.concat(chunks).toString();
  const body = text ? (JSON.parse(text) as Answer['body']) : {};
  return { status: response.statusCode, headers: response.headers, body };
}
