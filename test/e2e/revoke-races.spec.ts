import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('refreshing a session while it is being ended', () => {
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo();
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const refresh = (refreshToken: string, at: TestApp) => at.request.post('/auth/refresh').send({ refreshToken });

  const endings: readonly ((ada: SignedIn) => Promise<{ status: number }>)[] = [
    async (ada) => other.as(ada.accessToken).post('/auth/logout'),
    async (ada) => other.as(ada.accessToken).delete(`/sessions/${ada.sessionId}`),
    async (ada) => other.as(ada.accessToken).delete('/sessions').query({ scope: 'all' }),
    async (ada) => other.as(admin.accessToken).delete(`/admin/sessions/${ada.sessionId}`),
    async (ada) => other.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive: false }),
  ];

  /** Ends a session while it is being refreshed on both instances, and then tries every token that it ever had. */
  const playRound = async (round: number): Promise<number[]> => {
    const ada = await buildSignedIn(app);
    const end = endings[round % endings.length];
    const racing = [refresh(ada.refreshToken, app), refresh(ada.refreshToken, other)].map(async (sent) => sent);
    const ended = await end?.(ada);
    expect([200, 204]).toContain(ended?.status);
    // The refreshes may still be under way: the end alone was waited for.
    const tried = await Promise.all([app.as(ada.accessToken).get('/users/me'), refresh(ada.refreshToken, app)]);
    for (const { status, body } of await Promise.all(racing)) {
      if (status !== 200) continue;
      const { accessToken, refreshToken } = body as SignedIn;
      tried.push(...(await Promise.all([app.as(accessToken).get('/users/me'), refresh(refreshToken, other)])));
    }
    return tried.map(({ status }) => status);
  };

  it('leaves nothing that works once the end is answered: 200 rounds', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < 200; round += 4) {
      const rounds = await Promise.all([round, round + 1, round + 2, round + 3].map(playRound));
      for (const status of rounds.flat()) statuses.add(status);
    }
    expect([...statuses]).toEqual([401]);
  });
});
