import { NameField } from './fields.js';

export class UpdateOwnUserDto {
  @NameField()
  name?: string | null;
}
