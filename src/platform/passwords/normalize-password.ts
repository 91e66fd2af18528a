/**
 * Returns the form in which passwords are checked and hashed: NFC (NIST SP 800-63B). Devices write the same letter as one
 * code point or as two. Other differences, such as width or `²` and `2`, remain.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}
