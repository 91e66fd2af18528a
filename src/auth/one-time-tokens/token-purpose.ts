/** What a one-time token opens: a new password, the proof of an address, or the report *this was not me*. */
export type TokenPurpose = 'password_reset' | 'email_verification' | 'not_me';
