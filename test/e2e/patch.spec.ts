import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Module, Param, Patch, Post, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiPropertyOptional, PartialType as NestPartialType } from '@nestjs/swagger';
import type { Role } from '../../src/common/role.js';
import { IdParamDto } from '../../src/http/id-param.dto.js';
import { CodePoints, OneOf } from '../../src/http/fields.js';
import { PartialType } from '../../src/http/partial-type.js';
import { buildEachRole, buildSignedIn, type SignedIn } from '../support/builders.js';
import { enrollTotp } from '../support/factors.js';
import { readOperations, type Field, type Operation } from '../support/operations.js';
import { isOwnRoute } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

type Resource = Readonly<Record<string, unknown>>;

/** Fields that every PATCH changes. */
const CHANGE_TIMES = ['updatedAt', 'modifiedAt'];

class ProbeCreateOrderDto {
  @ApiPropertyOptional({ example: 'Tea' })
  @CodePoints(1, 10)
  title: string = 'Coffee';

  @ApiPropertyOptional({ enum: ['open', 'paid'], default: 'open' })
  @OneOf(['open', 'paid'])
  status: string = 'open';
}

class ProbeSafeChangesDto extends PartialType(ProbeCreateOrderDto) {}
class ProbeUnsafeChangesDto extends NestPartialType(ProbeCreateOrderDto) {}

/** Creates a controller that keeps orders in memory. */
function ordersController(path: string, changesDto: Type): Type {
  const orders = new Map<string, Resource>();

  @Controller(path)
  class ProbeOrdersController {
    @Post()
    create(@Body() order: ProbeCreateOrderDto): Resource {
      const id = randomUUID();
      orders.set(id, { id, ...order });
      return { id, ...order };
    }

    @Get(':id')
    find(@Param() { id }: IdParamDto): Resource | undefined {
      return orders.get(id);
    }

    @Patch(':id')
    @ApiOkResponse()
    update(@Param() { id }: IdParamDto, @Body() changes: object): Resource {
      const order = { ...orders.get(id), ...changes };
      orders.set(id, order);
      return order;
    }
  }
  const types = [IdParamDto, changesDto];
  Reflect.defineMetadata('design:paramtypes', types, ProbeOrdersController.prototype, 'update');
  return ProbeOrdersController;
}

@Module({
  controllers: [
    ordersController('probe-safe-orders', ProbeSafeChangesDto),
    ordersController('probe-unsafe-orders', ProbeUnsafeChangesDto),
  ],
})
class OrdersModule {}

describe('a PATCH of one field', () => {
  let app: TestApp;
  let people: Record<Role, SignedIn>;
  let operations: Operation[];
  let patches: Operation[];
  beforeAll(async () => {
    app = await TestApp.start({ imports: [OrdersModule] });
    // Otherwise a slow test could see `lastSeenAt` change.
    await app.stopBackgroundWrites();
    people = await buildEachRole(app);
    // The admin lists this session.
    await buildSignedIn(app);
    operations = await readOperations(app);
    // The caller of `GET /auth/factors` lists this authenticator app.
    await enrollTotp(app, people[find('get', '/auth/factors')?.caller ?? 'user']);
    patches = operations.filter(({ method, mediaType }) => method === 'patch' && mediaType === 'application/json');
  });
  afterAll(() => app.close());

  const find = (method: string, path: string) =>
    operations.find((operation) => operation.method === method && operation.path === path);

  async function send({ method, caller }: Operation, path: string, body?: object): Promise<Resource> {
    const answer = await app.as(people[caller].accessToken)[method](path).send(body);
    // A module may reject some changes. The examples violate no rule of Gatehouse.
    const isRule = method === 'patch' && !isOwnRoute({ path }) && [400, 409, 422].includes(answer.status);
    if (answer.status >= 300 && !isRule) throw new Error(`${method} ${path} ${JSON.stringify(body)}: ${answer.text}`);
    return answer.body as Resource;
  }

  /** Returns the path of a new or listed resource, or null if there is no route to create or list one. */
  async function pathOfExample(template: string): Promise<string | null> {
    let path = template;
    for (const [parameter] of template.matchAll(/\{\w+\}/g)) {
      const [collection = ''] = template.split(`/${parameter}`, 1);
      const [parent = ''] = path.split(`/${parameter}`, 1);
      const [create, list] = [find('post', collection), find('get', collection)];
      const example = create
        ? await send(create, parent, exampleOf(create))
        : list && itemsOf(await send(list, parent)).at(-1);
      if (typeof example?.['id'] !== 'string') return null;
      path = path.replace(parameter, example['id']);
    }
    return path;
  }

  /** Reads a resource by itself, or from the list of its collection. */
  async function read(template: string, path: string): Promise<Resource> {
    const get = find('get', template);
    if (get) return send(get, path);
    const list = find('get', template.replace(/\/\{\w+\}$/, ''));
    const items = list ? itemsOf(await send(list, path.replace(/\/[^/]+$/, ''))) : [];
    return items.find(({ id }) => path.endsWith(String(id))) ?? {};
  }

  /**
   * Gives every field of an example a value that is not its default. Then sends each field alone, with its current
   * value. Returns the requests that changed the example, or null if there is no example.
   */
  async function findSideEffects(patch: Operation): Promise<string[] | null> {
    const path = await pathOfExample(patch.path);
    if (path === null) return null;
    const created = await read(patch.path, path);
    const unusual = Object.fromEntries(patch.body.map((field) => [field.name, otherValue(field, created[field.name])]));
    await send(patch, path, unusual);
    const before = await read(patch.path, path);
    const effects: string[] = [];
    for (const { name } of patch.body) {
      await send(patch, path, { [name]: before[name] ?? unusual[name] });
      const after = await read(patch.path, path);
      const changed = Object.keys(before).filter(
        (key) => !CHANGE_TIMES.includes(key) && JSON.stringify(after[key]) !== JSON.stringify(before[key]),
      );
      if (changed.length > 0) effects.push(`${patch.name} of ${name} changed ${changed.join()}`);
    }
    return effects;
  }

  it('leaves the other fields of every resource unchanged', async () => {
    const effects: string[] = [];
    for (const patch of patches.filter(({ path }) => path !== '/probe-unsafe-orders/{id}')) {
      const found = await findSideEffects(patch);
      if (!found) console.warn(`${patch.name} is not tested, because no route creates or lists an example.`);
      effects.push(...(found ?? []));
    }
    expect(effects).toEqual([]);
  });

  it('is tested with an example of every resource of Gatehouse', async () => {
    const own = patches.filter(isOwnRoute);
    expect(own.map(({ path }) => path)).toEqual([
      '/users/me',
      '/admin/users/{id}',
      '/admin/sessions/{id}',
      '/auth/factors/{id}',
    ]);
    for (const { path } of own) expect([path, await pathOfExample(path)]).toEqual([path, expect.any(String)]);
  });

  it('changes another field with the PartialType of Nest, which this test detects', async () => {
    const [patch] = patches.filter(({ path }) => path === '/probe-unsafe-orders/{id}');
    expect(patch && (await findSideEffects(patch))).toEqual([
      'PATCH /probe-unsafe-orders/{id} of title changed status',
      'PATCH /probe-unsafe-orders/{id} of status changed title',
    ]);
  });
});

function itemsOf(list: Resource): Resource[] {
  return (Array.isArray(list) ? list : (list['items'] ?? [])) as Resource[];
}

let emails = 0;

/** Returns a body that creates a resource. */
function exampleOf({ body, exampleBody }: Operation): object {
  const unique = body.filter(({ schema }) => schema.format === 'email');
  return {
    ...exampleBody,
    ...Object.fromEntries(unique.map(({ name }) => [name, `patch-${(emails += 1)}@example.com`])),
  };
}

/** Returns a valid value that differs from the current one, if the schema shows one. */
function otherValue({ schema }: Field, current: unknown): unknown {
  const { example = current, format, minimum = -Infinity, maximum = Infinity } = schema;
  if (schema.enum) return schema.enum.find((value) => value !== current);
  if (typeof current === 'boolean') return !current;
  if (typeof current === 'number')
    return [current + 1, current - 1].find((value) => value >= minimum && value <= maximum);
  return format === 'date-time' && typeof current === 'string' ? new Date(Date.parse(current) - 60_000) : example;
}
