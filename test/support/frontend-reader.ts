const HEADER_BYTES = 5;
/** Query (simple protocol) and Execute (extended protocol): the messages that make the server run a statement. */
const STATEMENTS = new Set(['Q', 'E']);
/** Statements that only begin or end a transaction. TypeORM sends them with the simple protocol. */
const TRANSACTION = /^(?:START TRANSACTION|COMMIT|ROLLBACK)/;

/**
 * Parses what a client sends to PostgreSQL (protocol 3), in chunks of any size. Reports each statement, and whether it
 * only begins or ends a transaction.
 */
export class FrontendReader {
  private pending: Buffer = Buffer.alloc(0);
  private started = false;

  constructor(private readonly onStatement: (isTransaction: boolean) => void) {}

  read(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    while (this.readMessage());
  }

  private readMessage(): boolean {
    // The first message has no type. It starts with its length, which includes the length field itself.
    const typeBytes = this.started ? 1 : 0;
    if (this.pending.length < HEADER_BYTES) return false;
    const end = typeBytes + this.pending.readInt32BE(typeBytes);
    if (this.pending.length < end) return false;
    const type = this.started ? String.fromCharCode(this.pending.readUInt8(0)) : '';
    if (STATEMENTS.has(type)) this.onStatement(TRANSACTION.test(this.pending.toString('latin1', HEADER_BYTES, end)));
    this.started = true;
    this.pending = this.pending.subarray(end);
    return true;
  }
}
