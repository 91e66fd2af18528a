import { ValidationFailedError } from '../../common/domain.error.js';

/** The request has no proof, or several. */
export class OneProofError extends ValidationFailedError {
  constructor() {
    super([{ pointer: '', message: 'must have exactly one of these fields: password' }]);
  }
}
