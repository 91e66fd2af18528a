import type { IncomingMessage } from 'node:http';
import superagent from 'superagent';
import supertest from 'supertest';

const EVENT_STREAM = 'text/event-stream';

// Returns the head of an event stream only. It does not end, so a test that calls every route would wait forever.
superagent.buffer[EVENT_STREAM] = true;
superagent.parse[EVENT_STREAM] = (response, done) => {
  done(null, response);
  (response as unknown as IncomingMessage).destroy();
};

/** A running instance, in this process or another one. */
export abstract class RunningApp {
  protected constructor(readonly url: string) {}

  /** Starts a request. */
  get request(): ReturnType<typeof supertest> {
    return supertest(this.url);
  }

  /** Starts a request with an access token. */
  as(accessToken: string): ReturnType<typeof supertest.agent> {
    return supertest.agent(this.url).set('Authorization', `Bearer ${accessToken}`);
  }
}
