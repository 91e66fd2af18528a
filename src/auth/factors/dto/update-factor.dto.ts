import { NameField } from '../../../users/user-fields.decorator.js';

export class UpdateFactorDto {
  @NameField()
  name?: string | null;
}
