import { NameField } from '../user-fields.js';

export class UpdateOwnUserDto {
  @NameField()
  name?: string | null;
}
