import { IsString } from 'class-validator';
import { OneOf, Optional, QueryBoolean, Timestamp } from '../../http/fields.js';
import { ROLES, type Role } from '../../common/role.js';
import { EmailField, NameField } from '../user-fields.decorator.js';

/** One user of an import file. Follows the rules of the API, except that booleans may be text, as in CSV. */
export class ImportedUserDto {
  @EmailField()
  email!: string;

  @NameField()
  name?: string | null;

  @Optional()
  @OneOf(ROLES)
  role?: Role;

  @Optional()
  @IsString({ message: 'must be a string' })
  passwordHash?: string;

  @QueryBoolean()
  emailVerified?: boolean;

  @Optional()
  @Timestamp()
  emailVerifiedAt?: Date;

  @QueryBoolean()
  isActive?: boolean;
}

/** The columns of a CSV file and the fields of an NDJSON object. */
export const IMPORTED_FIELDS: readonly (keyof ImportedUserDto)[] = [
  'email',
  'name',
  'role',
  'passwordHash',
  'emailVerified',
  'emailVerifiedAt',
  'isActive',
];
