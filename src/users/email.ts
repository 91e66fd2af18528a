/** The one form in which an address is stored and looked up: trimmed, composed (NFC) and in lower case. */
export function normalizeEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}
