import type { Type } from '@nestjs/common';
import { PartialType as NestPartialType } from '@nestjs/swagger';

/** The metadata keys under which Nest's Swagger decorators store the fields of a class. */
const FIELDS = 'swagger/apiModelPropertiesArray';
const FIELD = 'swagger/apiModelProperties';

/**
 * Returns a class in which every field of a DTO is optional, for the body of a PATCH.
 *
 * Nest's `PartialType` also accepts null, and sets each missing field to its default value, which resets the field of
 * the resource. This one accepts null only where the DTO does, and leaves missing fields out.
 */
export function PartialType<T extends object>(dto: Type<T>): Type<Partial<T>> {
  class PartialDto extends (NestPartialType(dto, { skipNullProperties: false }) as Type<object>) {
    constructor() {
      super();
      for (const name of Object.keys(this)) Reflect.deleteProperty(this, name);
    }
  }
  Object.defineProperty(PartialDto, 'name', { value: `Partial${dto.name}` });
  removeDefaults(PartialDto.prototype);
  return PartialDto;
}

/** Removes default values from the API document, because they apply only to new resources. */
function removeDefaults(prototype: object): void {
  const fields = (Reflect.getMetadata(FIELDS, prototype) ?? []) as readonly string[];
  for (const field of fields.map((name) => name.slice(1))) {
    const metadata = { ...(Reflect.getMetadata(FIELD, prototype, field) as object) };
    Reflect.deleteProperty(metadata, 'default');
    Reflect.defineMetadata(FIELD, metadata, prototype, field);
  }
}
