import { domainError } from '../../common/domain.error.js';

export class InvitationNotPossibleError extends domainError(
  'conflict',
  'invitation_not_possible',
  'This user is inactive or already has a password.',
) {}
