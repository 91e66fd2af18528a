import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** The path of the certificate, which is its own authority. */
  readonly path: string;
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

const CONFIGURATION = `
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
default_md = sha256
rand_serial = yes
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`;

/** Creates self-signed certificates for `localhost` in a temporary folder. */
export class CertificateFolder {
  private readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));

  constructor() {
    writeFileSync(join(this.folder, 'ca.cnf'), CONFIGURATION);
    writeFileSync(join(this.folder, 'index.txt'), '');
  }

  create(name: string, host: string, endDate: string): Certificate {
    const [key, request, cert] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
    this.openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', request],
      ...['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`],
    );
    this.openssl(
      ...['ca', '-batch', '-config', 'ca.cnf', '-selfsign', '-keyfile', key, '-in', request, '-out', cert, '-notext'],
      ...['-startdate', '20200101000000Z', '-enddate', endDate],
    );
    const path = join(this.folder, cert);
    return { key: readFileSync(join(this.folder, key)), cert: readFileSync(path), path };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private openssl(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: this.folder });
    if (status !== 0) throw new Error(`openssl ${args[0]} failed:\n${String(stderr)}`);
  }
}

/** Accepts the TLS negotiation of PostgreSQL and presents a certificate. Clients that reject it get no further. */
export class TlsServer {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(certificate: Certificate): Promise<TlsServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const started = new TlsServer(server);
    server.on('connection', (socket) => started.negotiate(socket, certificate));
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private negotiate(socket: Socket, { key, cert }: Certificate): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    // The request for TLS is 8 bytes long. `S` accepts it.
    socket.once('data', () => {
      socket.write('S');
      new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => undefined);
    });
  }
}
