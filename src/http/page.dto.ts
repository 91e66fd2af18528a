import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../common/pagination.js';

/** A DTO class whose `from` creates an item from a row. */
interface ItemClass<Item, Row, Rest extends unknown[]> {
  new (): Item;
  from(this: void, row: Row, ...rest: Rest): Item;
}

/** Returns the base class for a page of such items. The subclass gives the schema its name in the API document. */
export function pageOf<Item, Row, Rest extends unknown[]>(item: ItemClass<Item, Row, Rest>) {
  class PageDto {
    @ApiProperty({ type: [item], maxItems: 100 })
    items!: Item[];

    @ApiProperty({
      type: String,
      nullable: true,
      example: null,
      description: 'Pass it as `cursor` to get the next page. `null` on the last page.',
    })
    nextCursor!: string | null;

    /** Passes `rest` to the `from` of each item. */
    static from(this: void, { items, nextCursor }: Page<Row>, ...rest: Rest): PageDto {
      return { items: items.map((row) => item.from(row, ...rest)), nextCursor };
    }
  }
  return PageDto;
}
