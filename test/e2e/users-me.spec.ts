import { TestApp } from '../support/test-app.js';
import { buildSignedIn } from '../support/builders.js';

describe('GET /users/me', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  it('answers the signed-in user', async () => {
    const ada = await buildSignedIn(app);
    const { body } = await app.as(ada.accessToken).get('/users/me').expect(200);
    expect(body).toMatchObject({ id: ada.id, email: ada.email, role: 'user', isActive: true });
    expect(body).not.toHaveProperty('passwordHash');
  });
});
