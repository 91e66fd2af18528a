import supertest from 'supertest';

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
