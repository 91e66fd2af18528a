import { Body, Controller, Patch, type Type } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { Type as Nested } from 'class-transformer';
import { IsInt, IsOptional, ValidateNested } from 'class-validator';
import { ValidationFailedError } from '../common/domain.error.js';
import { CodePoints, MapText, OneOf, Optional } from './fields.js';
import { PartialType } from './partial-type.js';
import { StrictValidationPipe } from './strict-validation.pipe.js';

class AddressDto {
  @ApiProperty()
  @CodePoints(1, 10)
  city!: string;
}

class CreateOrderDto {
  @ApiProperty({ example: 'Tea' })
  @MapText((text) => text.trim())
  @CodePoints(1, 10)
  title!: string;

  @ApiPropertyOptional({ enum: ['open', 'paid'], default: 'open' })
  @OneOf(['open', 'paid'])
  status: string = 'open';

  @ApiPropertyOptional({ type: 'integer', default: 1 })
  @Optional()
  @IsInt()
  total?: number = 1;

  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @CodePoints(1, 10)
  note?: string | null;

  @ApiProperty({ type: AddressDto })
  @ValidateNested()
  @Nested(() => AddressDto)
  address!: AddressDto;

  describe(): string {
    return this.title;
  }
}

class UpdateOrderDto extends PartialType(CreateOrderDto) {}

@Controller('orders')
class OrdersController {
  @Patch(':id')
  update(@Body() changes: UpdateOrderDto): UpdateOrderDto {
    return changes;
  }
}

const parse = (body: object, metatype: Type = UpdateOrderDto) =>
  new StrictValidationPipe().transform(body, { type: 'body', metatype });

async function pointersOf(body: object): Promise<string[]> {
  const error: unknown = await parse(body).catch((thrown: unknown) => thrown);
  return error instanceof ValidationFailedError ? error.extensions.errors.map(({ pointer }) => pointer) : [];
}

describe('PartialType', () => {
  it('leaves missing fields out, even if they have a default value', async () => {
    expect(Object.entries((await parse({})) as object)).toEqual([]);
    expect(Object.entries((await parse({ title: 'Tea' })) as object)).toEqual([['title', 'Tea']]);
    expect(await parse({ title: 'Tea', address: { city: 'Bath' } }, CreateOrderDto)).toMatchObject({ status: 'open' });
  });

  it('rejects null except where the DTO accepts it', async () => {
    const body = { title: null, status: null, total: null, note: null, address: null };
    expect(await pointersOf(body)).toEqual(['/title', '/status', '/total', '/address']);
    expect(Object.entries((await parse({ note: null })) as object)).toEqual([['note', null]]);
  });

  it('validates and converts fields like the DTO', async () => {
    const body = { title: '', status: 'lost', total: 1.5, note: '', address: { city: 1, street: 'x' }, colour: 'red' };
    expect((await pointersOf(body)).sort()).toEqual([
      '/address/city',
      '/address/street',
      '/colour',
      '/note',
      '/status',
      '/title',
      '/total',
    ]);
    const changes = (await parse({ title: ' Tea ', address: { city: 'Bath' } })) as UpdateOrderDto;
    expect([changes.title, changes.address instanceof AddressDto]).toEqual(['Tea', true]);
  });

  it('does not have the methods of the DTO', async () => {
    expect(await pointersOf({ describe: 'x' })).toEqual(['/describe']);
    expect('describe' in UpdateOrderDto.prototype).toBe(false);
  });

  it('documents every field as optional and without a default value', async () => {
    const module = await Test.createTestingModule({ controllers: [OrdersController] }).compile();
    const app = module.createNestApplication({ logger: false });
    const { components } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(components?.schemas).toMatchObject({
      UpdateOrderDto: {
        properties: {
          title: { type: 'string', example: 'Tea' },
          status: { type: 'string', enum: ['open', 'paid'] },
          total: { type: 'integer' },
          note: { type: 'string', nullable: true },
          address: { $ref: '#/components/schemas/AddressDto' },
        },
      },
    });
    expect(components?.schemas?.['UpdateOrderDto']).not.toHaveProperty('required');
    expect(JSON.stringify(components?.schemas?.['UpdateOrderDto'])).not.toContain('default');
  });
});
