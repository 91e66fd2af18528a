import {
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  NotFoundException,
  Param,
  ParseArrayPipe,
  ParseEnumPipe,
  Post,
  Query,
  type PipeTransform,
} from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsString, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { Column, PrimaryColumn } from 'typeorm';
import { Public } from '../../src/http/public.decorator.js';
import { StrictValidationPipe } from '../../src/http/strict-validation.pipe.js';
import { Color } from '../support/color.js';
import { expectProblemDocument } from '../support/expect-problem.js';
import { LogLines } from '../support/log-lines.js';
import { TestApp } from '../support/test-app.js';

class ProbeNote {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'text' })
  title = 'untitled';
}

class ProbePoint {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

class ProbeCreateCatDto {}

class ProbeItemDto {}

class ProbeLoggedDto {}

class ProbePhoto {
  @IsString()
  url!: string;
}

class ProbePhotosDto {
  @ValidateNested()
  cover!: ProbePhoto;

  @ValidateNested({ each: true })
  @Type(() => ProbeCreateCatDto)
  cats: ProbeCreateCatDto[] = [];
}

class ProbeTaskDto {
  @IsInt()
  @Min(1)
  @Max(5)
  priority!: number;

  @IsArray()
  @ArrayMaxSize(2)
  @IsString({ each: true })
  @MaxLength(3, { each: true })
  tags!: string[];
}

class ProbeAlbumDto {
  @IsArray()
  @ValidateNested({ each: true })
  photos!: ProbePhoto[];
}

@Injectable()
class NoteByIdPipe implements PipeTransform<string, ProbeNote> {
  transform(id: string): ProbeNote {
    if (id !== '7') throw new NotFoundException('No such note.');
    return Object.assign(new ProbeNote(), { id: 7 });
  }
}

@Injectable()
class PointPipe implements PipeTransform {
  transform(value: unknown): ProbePoint {
    const [x, y] = [value].flat().join(',').split(',').map(Number);
    return new ProbePoint(x ?? 0, y ?? 0);
  }
}

@Public()
@Controller('probe-pipes')
class ProbePipesController {
  @Get('colors/:color')
  color(@Param('color', new ParseEnumPipe(Color)) color: Color): object {
    return { color };
  }

  @Get('colors')
  optionalColor(@Query('color', new ParseEnumPipe(Color, { optional: true })) color?: Color): object {
    return { color: color ?? null };
  }

  @Get('notes/:id')
  note(@Param('id', NoteByIdPipe) note: ProbeNote): ProbeNote {
    return note;
  }

  @Get('points')
  point(@Query('at', PointPipe) at: ProbePoint): ProbePoint {
    return at;
  }

  @Get('cats')
  findCats(@Query() query: ProbeCreateCatDto): object {
    return { isInstance: query instanceof ProbeCreateCatDto };
  }

  @Post('cats')
  createCat(@Body() dto: ProbeCreateCatDto): object {
    return { isInstance: dto instanceof ProbeCreateCatDto };
  }

  @Post('cat-lists')
  createCats(@Body(new ParseArrayPipe({ items: ProbeItemDto })) cats: ProbeItemDto[]): object {
    return { count: cats.length };
  }

  @Post('named-color')
  named(@Body('color', new ParseEnumPipe(Color)) color: Color): object {
    return { color };
  }

  @Post('named-point')
  namedPoint(@Body('at', PointPipe) at: ProbePoint): ProbePoint {
    return at;
  }

  @Post('notes')
  createNote(@Body() note: ProbeNote): ProbeNote {
    return note;
  }

  @Post('tasks')
  createTask(@Body() task: ProbeTaskDto): ProbeTaskDto {
    return task;
  }

  @Post('logged')
  logged(@Body() dto: ProbeLoggedDto): ProbeLoggedDto {
    return dto;
  }

  @Post('photos')
  photos(@Body() dto: ProbePhotosDto): ProbePhotosDto {
    return dto;
  }

  @Post('albums')
  album(@Body() dto: ProbeAlbumDto): ProbeAlbumDto {
    return dto;
  }
}

@Module({ controllers: [ProbePipesController] })
class PipesModule {}

describe('a parameter of Nest', () => {
  const log = new LogLines();
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ imports: [PipesModule], log })));
  afterAll(() => app.close());
  beforeEach(() => log.clear());

  const post = (path: string, body: unknown) =>
    app.request.post(`/probe-pipes/${path}`).set('Content-Type', 'application/json').send(JSON.stringify(body));

  it.each([
    ['colors/red', { color: 'red' }],
    ['colors?color=green', { color: 'green' }],
    ['colors', { color: null }],
    ['notes/7', { id: 7, title: 'untitled' }],
    ['points?at=1,2', { x: 1, y: 2 }],
    ['points?at=1&at=2', { x: 1, y: 2 }],
    ['cats', { isInstance: true }],
  ])('of a type without validators is converted by its own pipe: %s', async (path, body) => {
    expect((await app.request.get(`/probe-pipes/${path}`).expect(200)).body).toEqual(body);
  });

  it.each([
    ['named-color', { color: 'red' }, { color: 'red' }],
    ['named-point', { at: '1,2' }, { x: 1, y: 2 }],
    ['cats', {}, { isInstance: true }],
    ['cats', undefined, { isInstance: true }],
    ['cat-lists', [{}, {}], { count: 2 }],
  ])('of the body without validators is accepted: %s %j', async (path, body, result) => {
    expect((await post(path, body).expect(201)).body).toEqual(result);
  });

  it.each([
    ['colors/blue', 400, 'bad_request'],
    ['colors/%00', 400, 'validation_failed'],
    ['notes/8', 404, 'not_found'],
    ['points?at=%00', 400, 'validation_failed'],
    ['cats?name=Tom', 400, 'validation_failed'],
  ])('of a type without validators is rejected if invalid or unsafe: %s', async (path, status, code) => {
    expectProblemDocument(await app.request.get(`/probe-pipes/${path}`), status, code);
  });

  it.each([
    ['cats', { name: 'Tom', age: 1 }, ['/name', '/age']],
    ['cats', [], ['']],
    ['cats', { constructor: 1 }, ['']],
    ['cat-lists', [{}, { name: 'Tom' }], ['/1/name']],
    ['named-color', { color: { a: 1 } }, ['/a']],
    ['named-point', { at: { x: 1 } }, ['/x']],
    ['notes', { id: 1 }, ['/id']],
    ['photos', { cats: [{ name: 'Tom' }] }, ['/cats/0/name']],
  ])('rejects fields that have no validator: %s %j', async (path, body, pointers) => {
    const answer = await post(path, body);
    expectProblemDocument(answer, 400, 'validation_failed');
    expect((answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it.each(['text', 7, true, []])('with fields rejects input without fields: %j', async (value) => {
    const input = new StrictValidationPipe().transform(value, { type: 'body', metatype: ProbeCreateCatDto });
    await expect(input).rejects.toMatchObject({
      extensions: {
        errors: [{ pointer: '', code: 'invalid_type', params: { type: 'object' }, message: 'must be an object' }],
      },
    });
  });

  it.each([
    [{ priority: '3', tags: {} }, ['priority must be an integer number', 'tags must be an array']],
    [
      { priority: null, tags: [7, 8, 9] },
      ['priority must be an integer number', 'each value in tags must be a string'],
    ],
    [{ priority: 9, tags: ['long'] }, [expect.stringContaining('greater than 5'), expect.stringContaining('shorter')]],
  ])('reports the wrong type of a field before its other rules: %j', async (body, messages) => {
    const answer = await post('tasks', body);
    expectProblemDocument(answer, 400, 'validation_failed');
    expect((answer.body.errors as { message: string }[]).map(({ message }) => message)).toEqual(messages);
  });

  it('logs one warning if its class has no validators', async () => {
    await post('logged', { title: 'a' }).expect(400);
    await post('logged', { title: 'b' }).expect(400);
    expect(log.text.match(/ProbeLoggedDto has no validators/g)).toHaveLength(1);
  });

  it.each([
    ['photos', { cover: { url: 'a' } }, 'ProbePhotosDto.cover'],
    ['albums', { photos: [{ url: 'a' }] }, 'ProbeAlbumDto.photos'],
  ])('without @Type() for a nested class logs what to add: %s', async (path, body, field) => {
    expectProblemDocument(await post(path, body), 500, 'internal_error');
    expect(log.text).toContain(`${field} has @ValidateNested() but no @Type()`);
  });
});
