import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  Body,
  Controller,
  Module,
  Post,
  Req,
  RawBody,
  type MiddlewareConsumer,
  type NestModule,
  UnauthorizedException,
  type RawBodyRequest,
} from '@nestjs/common';
import { IsString } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import type { NextFunction, Request } from 'express';
import { FormBody, KeepRawBody, Multipart, TextBody } from '../../src/http/body/body.decorators.js';
import { Public } from '../../src/http/public.decorator.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { openSocket, parseAnswer, rawRequest, readToEnd } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const SECRET = 'webhook secret';
const sign = (bytes: Buffer | string) => createHmac('sha256', SECRET).update(bytes).digest();

class ProbeEventDto {
  @ApiProperty()
  @IsString()
  event!: string;
}

@Controller('probe-bodies')
class ProbeBodiesController {
  @Post('text')
  @TextBody()
  text(@Body() text: string) {
    return { text };
  }

  @Post('csv')
  @TextBody(['text/csv', 'text/tab-separated-values'], { maxBytes: 1_048_576 })
  csv(@Body() csv: string) {
    return { lines: csv.split('\n').length };
  }

  @Public()
  @Post('webhook')
  @KeepRawBody()
  webhook(@Req() request: RawBodyRequest<Request>, @Body() { event }: ProbeEventDto) {
    const signature = Buffer.from(request.get('X-Signature') ?? '', 'hex');
    const expected = sign(request.rawBody ?? '');
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
      throw new UnauthorizedException();
    return { event };
  }

  @Public()
  @Post('bytes')
  @KeepRawBody(['application/octet-stream', 'application/cloudevents+json'])
  bytes(@RawBody() bytes: Buffer, @Body() body: unknown) {
    return { hex: bytes.toString('hex'), body: body ?? null };
  }

  @Post('form')
  @FormBody()
  form(@Body() { event }: ProbeEventDto) {
    return { event };
  }

  @Post('json')
  json(@Body() { event }: ProbeEventDto) {
    return { event };
  }

  @Post(':any')
  any(@Body() { event }: ProbeEventDto) {
    return { event };
  }

  // Express calls the route above, because its path comes first.
  @Post('hidden')
  @TextBody()
  hidden(@Body() text: string) {
    return { text };
  }

  @Post('upload')
  @Multipart({ files: { avatar: 1, photos: 3 } })
  upload(@Body() _: ProbeEventDto) {
    return {};
  }
}

@Module({ controllers: [ProbeBodiesController] })
class BodiesModule implements NestModule {
  /** Adds a middleware for the paths of the controller, as modules may do. It precedes the handlers. */
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((_request: Request, _response: unknown, next: NextFunction) => next())
      .forRoutes(ProbeBodiesController);
  }
}

let app: TestApp;
let ada: SignedIn;
beforeAll(async () => {
  app = await TestApp.start({ imports: [BodiesModule] });
  ada = await buildSignedIn(app);
});
afterAll(() => app.close());

const post = (path: string, type: string, body: string) =>
  app.as(ada.accessToken).post(`/probe-bodies/${path}`).set('Content-Type', type).send(body);

describe('@TextBody()', () => {
  it.each([
    ['a text', 'text/plain', 'Größe 🐉\r\n', 'Größe 🐉\r\n'],
    ['a text with its charset', 'text/plain; charset=UTF-8', 'x', 'x'],
    ['an empty text', 'text/plain', '', ''],
    ['JSON without parsing it', 'text/plain', '{"a":1}', '{"a":1}'],
  ])('gives the handler %s', async (_, type, body, text) => {
    expect((await post('text', type, body).expect(201)).body).toEqual({ text });
  });

  it('passes an empty string to the handler without a body', async () => {
    const { body } = await app.as(ada.accessToken).post('/probe-bodies/text').expect(201);
    expect(body).toEqual({ text: '' });
  });

  it('accepts each of its types and its own size limit', async () => {
    const csv = 'a,b\n'.repeat(200_000);
    for (const type of ['text/csv', 'text/tab-separated-values']) {
      expect((await post('csv', type, csv).expect(201)).body).toEqual({ lines: 200_001 });
    }
  });

  it.each([
    ['of another type', 'csv', 'text/plain', 'x', 415, 'unsupported_media_type'],
    ['that is JSON', 'csv', 'application/json', '{}', 415, 'unsupported_media_type'],
    ['in another charset', 'text', 'text/plain; charset=latin1', 'x', 415, 'unsupported_media_type'],
    ['over its limit', 'csv', 'text/csv', 'x'.repeat(1_048_577), 413, 'payload_too_large'],
    ['over 100 kB by default', 'text', 'text/plain', 'x'.repeat(102_401), 413, 'payload_too_large'],
    ['with a NUL', 'text', 'text/plain', 'a\0b', 400, 'validation_failed'],
  ])('rejects a body %s', async (_, path, type, body, status, code) => {
    expectProblem(await post(path, type, body), status, code);
  });

  it('names the types and the limit of the route in its errors', async () => {
    const answers = [await post('csv', 'text/plain', 'x'), await post('csv', 'text/csv', 'x'.repeat(1_048_577))];
    expect(answers.map(({ body }) => body.detail as string)).toEqual([
      'The body must be text/csv or text/tab-separated-values in UTF-8, without a content encoding.',
      'The body is larger than 1 MB.',
    ]);
  });

  it('rejects text that is not UTF-8', async () => {
    const request = app.as(ada.accessToken).post('/probe-bodies/text').set('Content-Type', 'text/plain');
    request.write(Buffer.from([0xc3, 0x28]));
    expectProblem(await request, 400, 'malformed_body');
  });

  it('rejects a compressed body', async () => {
    expectProblem(await post('text', 'text/plain', 'x').set('Content-Encoding', 'gzip'), 415, 'unsupported_media_type');
  });

  it('does not apply to a route that Express calls first', async () => {
    expectProblem(await post('hidden', 'text/plain', 'x'), 415, 'unsupported_media_type');
  });

  it('changes only its own route, and others still respond with 415', async () => {
    for (const type of ['text/plain', 'text/csv', 'application/x-www-form-urlencoded', 'application/octet-stream']) {
      expectProblem(await post('json', type, 'event=x'), 415, 'unsupported_media_type');
    }
  });

  it('is read before the guards, so a revocation in between takes effect', async () => {
    const eve = await buildSignedIn(app);
    const headers = [`Authorization: Bearer ${eve.accessToken}`, 'Content-Type: text/plain', 'Content-Length: 2'];
    const socket = await openSocket(app);
    socket.write(rawRequest('POST /probe-bodies/text', headers, 'a'));
    await app.as(eve.accessToken).post('/auth/logout').expect(204);
    socket.write('b');
    expect(parseAnswer(await readToEnd(socket)).status).toBe(401);
  });
});

describe('@KeepRawBody()', () => {
  // JSON.stringify would write other bytes.
  const EVENT = '{ "event" :\t"pa\\u0069d" }\n';
  const webhook = (body: string, signature: Buffer) =>
    app.request.post('/probe-bodies/webhook').type('json').set('X-Signature', signature.toString('hex')).send(body);

  it('keeps the exact bytes of JSON, and parses it', async () => {
    expect((await webhook(EVENT, sign(EVENT)).expect(201)).body).toEqual({ event: 'paid' });
  });

  it('detects a body that was changed', async () => {
    expect((await webhook(EVENT, sign(EVENT.trim()))).status).toBe(401);
  });

  it.each([
    ['broken JSON', '{', 400, 'malformed_body'],
    ['an unknown field', '{"event":"x","role":"admin"}', 400, 'validation_failed'],
    ['more than 100 kB', `{"event":"${'x'.repeat(102_400)}"}`, 413, 'payload_too_large'],
  ])('rejects %s', async (_, body, status, code) => {
    expectProblem(await webhook(body, sign(body)), status, code);
  });

  it('keeps the bytes of other types without parsing them', async () => {
    const request = app.request.post('/probe-bodies/bytes').set('Content-Type', 'application/octet-stream');
    request.write(Buffer.from([0, 0xff, 0xc3, 0x28]));
    expect((await request).body).toEqual({ hex: '00ffc328', body: null });
  });

  it('parses other types of JSON', async () => {
    const request = app.request
      .post('/probe-bodies/bytes')
      .set('Content-Type', 'application/cloudevents+json')
      .send('{"a":1}');
    expect((await request).body).toEqual({ hex: Buffer.from('{"a":1}').toString('hex'), body: { a: 1 } });
  });

  it('passes no bytes to the handler without a body', async () => {
    expect((await app.request.post('/probe-bodies/bytes')).body).toEqual({ hex: '', body: null });
  });

  it('rejects other types', async () => {
    const answer = await app.request.post('/probe-bodies/webhook').type('form').send('event=x');
    expectProblem(answer, 415, 'unsupported_media_type');
  });
});

describe('@FormBody()', () => {
  it('gives the handler the fields', async () => {
    const answer = await post('form', 'application/x-www-form-urlencoded', 'event=a+b%C3%A4').expect(201);
    expect(answer.body).toEqual({ event: 'a bä' });
  });

  it.each([
    ['JSON', 'application/json', '{"event":"x"}', 415, 'unsupported_media_type'],
    ['an unknown field', 'application/x-www-form-urlencoded', 'event=x&role=admin', 400, 'validation_failed'],
    ['a field twice', 'application/x-www-form-urlencoded', 'event=x&event=y', 400, 'validation_failed'],
    ['more than 100 kB', 'application/x-www-form-urlencoded', `event=${'x'.repeat(102_400)}`, 413, 'payload_too_large'],
  ])('rejects %s', async (_, type, body, status, code) => {
    expectProblem(await post('form', type, body), status, code);
  });

  it('checks the session when the form is complete', async () => {
    const eve = await buildSignedIn(app);
    const headers = [
      `Authorization: Bearer ${eve.accessToken}`,
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 7',
    ];
    const socket = await openSocket(app);
    socket.write(rawRequest('POST /probe-bodies/form', headers, 'event='));
    await app.as(eve.accessToken).post('/auth/logout').expect(204);
    socket.write('x');
    expect(parseAnswer(await readToEnd(socket)).status).toBe(401);
  });
});

describe('the API document', () => {
  it('describes each body and its errors', async () => {
    const { paths } = (await app.request.get('/openapi.json').expect(200)).body;
    const bodyOf = (path: string) => paths[`/probe-bodies/${path}`].post.requestBody as { content: object };
    const event = { $ref: '#/components/schemas/ProbeEvent' };
    expect(bodyOf('text')).toEqual({ required: true, content: { 'text/plain': { schema: { type: 'string' } } } });
    expect(Object.keys(bodyOf('csv').content)).toEqual(['text/csv', 'text/tab-separated-values']);
    expect(bodyOf('webhook').content).toEqual({ 'application/json': { schema: event } });
    expect(bodyOf('form').content).toEqual({ 'application/x-www-form-urlencoded': { schema: event } });
    const file = { type: 'string', format: 'binary' };
    const properties = { avatar: file, photos: { type: 'array', items: file, maxItems: 3 } };
    expect(bodyOf('upload').content).toEqual({
      'multipart/form-data': { schema: { allOf: [event, { type: 'object', properties }] } },
    });
    const { responses } = paths['/probe-bodies/csv'].post;
    expect(responses[413].description).toContain('larger than 1 MB');
    expect(responses[415].description).toContain('text/csv');
    expect(JSON.stringify(paths)).not.toContain('x-body');
  });
});
