import { ValidationFailedError } from '../../common/domain.error.js';
import { ImportedUserDto } from '../../users/dto/imported-user.dto.js';
import type { ImportedUser, RefusedLine } from '../../users/user-import.service.js';
import { describeFaults, validate } from '../validate.js';
import type { FileRecord } from './file-record.js';

/** What stands where bytes were that are no UTF-8. Nobody's name has it, and half of a name is none. */
const REPLACEMENT = '\uFFFD';

/** Holds a record to the rules of a user who is created by HTTP. */
export async function toUser(record: FileRecord): Promise<ImportedUser | RefusedLine> {
  const refused = (reason: string): RefusedLine => ({ line: record.line, status: 'refused', reason });
  if ('fault' in record) return refused(record.fault);
  if (Object.values(record.fields).some((value) => typeof value === 'string' && value.includes(REPLACEMENT))) {
    return refused('is not in UTF-8');
  }
  try {
    return { ...(await validate(ImportedUserDto, record.fields)), line: record.line };
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    return refused(describeFaults(error.extensions.errors).join('; '));
  }
}
