import { NameField } from '../user-fields.decorator.js';

export class UpdateOwnUserDto {
  @NameField()
  name?: string | null;
}
