/** Follows the name of a variable in an error message. */
export const ENCODE_CREDENTIALS =
  'has a reserved character in its user or password. Percent-encode it: # as %23, % as %25, / as %2F, ? as %3F, ' +
  '@ as %40, a space as %20';

/**
 * Returns whether an unencoded character in the user or the password changes the meaning of a URL. Parsers would then
 * connect to another host, or send another password. A URL of a server has no fragment, and an `@` after the host only
 * in the values of its query.
 */
export function hasBrokenCredentials(url: string): boolean {
  // Parsers remove control characters silently.
  if (/^[^?]*\s|[#\p{Cc}]/u.test(url) || !isDecodable(url)) return true;
  const [, authority = '', path = '', query = ''] = /^[^:]*:\/\/([^/?]*)([^?]*)\??(.*)$/.exec(url) ?? [];
  const isMisplaced = path.includes('@') || /^[^=]*@/.test(query);
  return isMisplaced || authority.split('@').length > 2;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
