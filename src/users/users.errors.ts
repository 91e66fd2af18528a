import { DomainError } from '../common/domain.error.js';

/** Another account has this address already. */
export class EmailTakenError extends DomainError {
  readonly code = 'email_taken';
  readonly kind = 'conflict';

  constructor() {
    super('An account with this e-mail address exists already.');
  }
}

/** No user has this id. */
export class UserNotFoundError extends DomainError {
  readonly code = 'user_not_found';
  readonly kind = 'not_found';

  constructor() {
    super('There is no such user.');
  }
}

/** The change would leave nobody who can administer the product. */
export class LastAdminError extends DomainError {
  readonly code = 'last_admin';
  readonly kind = 'conflict';

  constructor() {
    super('This is the last active admin. Make someone else an admin first.');
  }
}

/** Unknown address, wrong password and inactive user give this same error, so that it tells none of them apart. */
export class InvalidCredentialsError extends DomainError {
  readonly code = 'invalid_credentials';
  readonly kind = 'unauthenticated';

  constructor() {
    super('The e-mail address or the password is not right.');
  }
}
