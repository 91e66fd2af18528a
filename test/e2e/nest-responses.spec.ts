import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  Post,
  Redirect,
  Req,
  Request as NestRequest,
  Res,
  SerializeOptions,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import { Exclude, Expose } from 'class-transformer';
import type { Request, Response } from 'express';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { Public } from '../../src/http/public.decorator.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

class ProbeNoteEntity {
  readonly id = 1;
  readonly title = 'Tea';
  readonly createdAt = new Date(0);

  @Exclude()
  readonly secret = 'hidden';

  @Expose()
  get label(): string {
    return `${this.id} ${this.title}`;
  }
}

@Public()
@Controller('probe-notes')
@UseInterceptors(ClassSerializerInterceptor)
class ProbeNotesController {
  @Get('entity')
  entity(): ProbeNoteEntity {
    return new ProbeNoteEntity();
  }

  @Get('entities')
  entities(): ProbeNoteEntity[] {
    return [new ProbeNoteEntity()];
  }

  @Get('plain')
  @SerializeOptions({ type: ProbeNoteEntity })
  plain(): object {
    return { id: 2, title: 'Coffee', secret: 'hidden' };
  }

  @Get('passthrough')
  passthrough(@Res({ passthrough: true }) response: Response): object {
    response.status(202).cookie('seen', '1').setHeader('X-Note', 'a');
    return { passed: 'through' };
  }

  @Get('library')
  library(@Res() response: Response): void {
    response.status(203).json({ sent: 'by Express' });
  }

  @Post('code')
  @HttpCode(202)
  code(): object {
    return { accepted: true };
  }

  @Post('empty')
  @HttpCode(204)
  empty(): object {
    return { not: 'sent' };
  }

  @Get('headers')
  @Header('Cache-Control', 'public, max-age=60')
  @Header('Content-Type', 'application/vnd.note+json')
  headers(): object {
    return { a: 1 };
  }

  @Get('text')
  text(): string {
    return 'plain text';
  }

  @Get('old')
  @Redirect('/probe-notes/new', 301)
  old(): void {
    return undefined;
  }

  @Get('moved')
  @Redirect()
  moved(): object {
    return { url: '/probe-notes/new', statusCode: 307 };
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Buffer.from('a,b\n'), { type: 'text/csv', disposition: 'attachment; filename="a.csv"' });
  }

  @Get('stream')
  @Header('Content-Type', 'text/plain')
  stream(): StreamableFile {
    return new StreamableFile(Readable.from(['first ', 'second']));
  }

  @Get('missing')
  missing(): StreamableFile {
    return new StreamableFile(createReadStream('/srv/secret/missing.csv'));
  }
}

@Controller('probe-me')
class ProbeMeController {
  @Get('request')
  request(@Req() request: Request): object {
    return { id: request.user?.id, email: request.user?.email };
  }

  @Get('alias')
  alias(@NestRequest() request: Request): object {
    return { id: request.user?.id, email: request.user?.email };
  }
}

@Module({ controllers: [ProbeNotesController, ProbeMeController] })
class NotesModule {}

const NOTE = { id: 1, title: 'Tea', createdAt: '1970-01-01T00:00:00.000Z', label: '1 Tea' };

describe('a response of Nest', () => {
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [NotesModule] });
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  it('of an entity is serialized by ClassSerializerInterceptor', async () => {
    expect((await app.request.get('/probe-notes/entity').expect(200)).body).toEqual(NOTE);
    expect((await app.request.get('/probe-notes/entities').expect(200)).body).toEqual([NOTE]);
    const { body } = await app.request.get('/probe-notes/plain').expect(200);
    expect(body).toMatchObject({ id: 2, title: 'Coffee', label: '2 Coffee' });
    expect(body).not.toHaveProperty('secret');
  });

  it('has the status, cookie and headers of a passthrough response', async () => {
    const { body, headers } = await app.request.get('/probe-notes/passthrough').expect(202);
    expect(body).toEqual({ passed: 'through' });
    expect(headers).toMatchObject({ 'set-cookie': ['seen=1; Path=/'], 'x-note': 'a', 'cache-control': 'no-store' });
  });

  it('can be sent by the handler', async () => {
    const { body, headers } = await app.request.get('/probe-notes/library').expect(203);
    expect([body, headers['x-content-type-options']]).toEqual([{ sent: 'by Express' }, 'nosniff']);
  });

  it('has the status of @HttpCode', async () => {
    expect((await app.request.post('/probe-notes/code').expect(202)).body).toEqual({ accepted: true });
    const empty = await app.request.post('/probe-notes/empty').expect(204);
    expect([empty.text, empty.headers['content-type'], empty.headers['content-length']]).toEqual([
      '',
      undefined,
      undefined,
    ]);
  });

  it('has the headers of @Header', async () => {
    const { headers, text } = await app.request.get('/probe-notes/headers').expect(200);
    expect(headers['content-type']).toMatch(/^application\/vnd\.note\+json/);
    expect([headers['cache-control'], text]).toEqual(['public, max-age=60', '{"a":1}']);
  });

  it('can be text', async () => {
    const { headers, text } = await app.request.get('/probe-notes/text').expect(200);
    expect([headers['content-type'], text]).toEqual(['text/html; charset=utf-8', 'plain text']);
  });

  it.each([
    ['/probe-notes/old', 301],
    ['/probe-notes/moved', 307],
  ])('can be a redirect: %s', async (path, status) => {
    const { headers } = await app.request.get(path).redirects(0).expect(status);
    expect(headers['location']).toBe('/probe-notes/new');
  });

  it('can be a file', async () => {
    const { headers, text } = await app.request.get('/probe-notes/file').expect(200);
    expect(headers).toMatchObject({
      'content-type': 'text/csv',
      'content-disposition': 'attachment; filename="a.csv"',
      'content-length': '4',
      'cache-control': 'no-store',
    });
    expect(text).toBe('a,b\n');
  });

  it('can be a stream', async () => {
    const { headers, text } = await app.request.get('/probe-notes/stream').expect(200);
    expect([headers['content-type'], text]).toEqual(['text/plain; charset=utf-8', 'first second']);
  });

  it('of a missing file does not contain its path', async () => {
    const { text } = await app.request.get('/probe-notes/missing').expect(400);
    expect(text).toBe('Bad Request');
  });

  it.each(['/probe-me/request', '/probe-me/alias'])('can depend on the user of the request: %s', async (path) => {
    expect((await app.as(ada.accessToken).get(path).expect(200)).body).toEqual({ id: ada.id, email: ada.email });
  });
});
