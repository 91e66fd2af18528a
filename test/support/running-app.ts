import supertest from 'supertest';

/** An instance that answers at a URL, whatever process it runs in. */
export abstract class RunningApp {
  protected constructor(readonly url: string) {}

  /** Begins a request. */
  get request(): ReturnType<typeof supertest> {
    return supertest(this.url);
  }

  /** The request methods with an access token already set. */
  as(accessToken: string): ReturnType<typeof supertest.agent> {
    return supertest.agent(this.url).set('Authorization', `Bearer ${accessToken}`);
  }
}
