/** What to do about a certificate that Node.js does not accept. */
export const CERTIFICATE_ADVICE =
  'Use the host name of the certificate, renew it, or set NODE_EXTRA_CA_CERTS=/path/to/ca.pem for your own authority.';

/** Returns whether Node.js rejected the certificate of a server. */
export function isCertificateError(error: unknown): boolean {
  return error instanceof Error && /certificate|altnames/i.test(error.message);
}
