/** The members of a problem document (RFC 9457) that the client needs. */
export interface Problem {
  readonly code: string;
  /** Why the session was revoked, with the code `session_revoked`. */
  readonly reason?: string;
}

/** Returns the problem document of a response, without consuming its body, or `null` if it has none. */
export async function readProblem(response: Response): Promise<Problem | null> {
  try {
    const body = (await response.clone().json()) as Partial<Problem> | null;
    return typeof body?.code === 'string' ? (body as Problem) : null;
  } catch {
    return null;
  }
}
