import { ApiProperty } from '@nestjs/swagger';

/** Where the next page of a list begins, in each answer that is a page. */
export function NextCursorField(): PropertyDecorator {
  return ApiProperty({
    type: String,
    nullable: true,
    description: 'Pass it as `cursor` for the next page; null on the last one.',
  });
}
