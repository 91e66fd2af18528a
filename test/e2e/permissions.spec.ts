import { Controller, Get, Module } from '@nestjs/common';
import type { Role } from '../../src/common/role.js';
import { Public } from '../../src/http/public.decorator.js';
import { Requires, Roles } from '../../src/http/roles.decorator.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { buildEachRole, buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { readOperations, type Operation } from '../support/operations.js';
import { TestApp } from '../support/test-app.js';

/** Of the two roles, only `admin` has `audit:read`. */
@Requires('audit:read')
@Controller('probe-permission')
class ProbePermissionController {
  @Get('of-controller')
  ofController(): void {
    return undefined;
  }

  @Get('and-role')
  @Roles('admin')
  andRole(): void {
    return undefined;
  }

  @Get('and-other-role')
  @Roles('user')
  andOtherRole(): void {
    return undefined;
  }

  // @ts-expect-error: no role has this permission, so this does not compile.
  @Requires('audit:burn')
  @Get('of-nobody')
  ofNobody(): void {
    return undefined;
  }

  @Get('public')
  @Public()
  public(): void {
    return undefined;
  }
}

@Roles('admin')
@Controller('probe-role')
class ProbeRoleController {
  @Get('of-route')
  @Roles('user')
  ofRoute(): void {
    return undefined;
  }

  @Get('and-permission')
  @Requires('audit:read')
  andPermission(): void {
    return undefined;
  }
}

@Module({ controllers: [ProbePermissionController, ProbeRoleController] })
class ProbeModule {}

describe('@Requires', () => {
  let app: TestApp;
  let people: Record<Role, SignedIn>;
  let operations: readonly Operation[];

  beforeAll(async () => {
    app = await TestApp.start({ imports: [ProbeModule] });
    people = await buildEachRole(app);
    operations = await readOperations(app);
  });
  afterAll(() => app.close());

  const statusFor = async (role: Role, path: string) => (await app.as(people[role].accessToken).get(path)).status;

  it.each<[what: string, path: string, admin: number, user: number]>([
    ['allows the roles that have the permission of the controller', '/probe-permission/of-controller', 200, 403],
    ['requires the permission in addition to a role', '/probe-permission/and-role', 200, 403],
    ['rejects a role that only one of the two decorators allows', '/probe-permission/and-other-role', 403, 403],
    ['requires the permission of the route instead of that of its controller', '/probe-permission/of-nobody', 403, 403],
    ['applies in addition to the roles of the controller', '/probe-role/and-permission', 200, 403],
    ['applies @Roles of the route instead of that of its controller', '/probe-role/of-route', 403, 200],
  ])('%s', async (_, path, admin, user) => {
    expect([await statusFor('admin', path), await statusFor('user', path)]).toEqual([admin, user]);
    const documented = operations.find((operation) => operation.path === path);
    expect([documented?.roles.includes('admin'), documented?.roles.includes('user')]).toEqual([
      admin === 200,
      user === 200,
    ]);
  });

  it('rejects everyone on a public route, because there is no principal', async () => {
    expectProblem(await app.request.get('/probe-permission/public'), 403, 'forbidden');
  });

  it('checks the role in the database on each request', async () => {
    const ada = await buildSignedIn(app);
    const get = () => app.as(ada.accessToken).get('/admin/audit');
    const setRole = (role: string) => app.as(people.admin.accessToken).patch(`/admin/users/${ada.id}`).send({ role });
    expectProblem(await get(), 403, 'forbidden');
    await setRole('admin').expect(200);
    await get().expect(200);
    await setRole('user').expect(200);
    expectProblem(await get(), 403, 'forbidden');
  });

  it('gives no permission to a role that only a newer version knows', async () => {
    const ada = await buildSignedIn(app);
    await app.database.query('ALTER TABLE users DROP CONSTRAINT ck_users_role');
    await app.database.query(`UPDATE users SET role = 'newer' WHERE id = $1`, [ada.id]);
    expectProblem(await app.as(ada.accessToken).get('/probe-permission/of-controller'), 403, 'forbidden');
    const { body } = await app.as(ada.accessToken).get('/users/me').expect(200);
    expect(body.role).toBe('newer');
  });

  it('records a rejection as an audit event', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).get('/probe-permission/of-controller').expect(403);
    await app.app.get(RejectionRecorder).flush();
    const { body } = await app.as(people.admin.accessToken).get(`/admin/audit?userId=${ada.id}&type=access_denied`);
    expect(body.items).toMatchObject([{ outcome: 'failure', reason: 'forbidden', details: { count: 1 } }]);
  });

  it('names the permissions of an operation in the OpenAPI document', () => {
    const names = operations.flatMap(({ path, documented }) =>
      documented['x-permissions'] ? [[path, documented['x-permissions']]] : [],
    );
    expect(names).toContainEqual(['/admin/audit', ['audit:read']]);
    expect(names).toContainEqual(['/probe-permission/of-nobody', ['audit:burn']]);
  });
});
