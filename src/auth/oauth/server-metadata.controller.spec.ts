import type { HttpAdapterHost } from '@nestjs/core';
import { parseEnvironment } from '../../config/env.js';
import { KeyRing } from '../tokens/key-ring.js';
import { ServerMetadataController } from './server-metadata.controller.js';

const PUBLIC_URL = 'https://id.example.com/base';

describe('the metadata of the authorization server', () => {
  const host = { httpAdapter: { getInstance: () => ({ router: { stack: [] } }) } } as unknown as HttpAdapterHost;
  const issuerOf = (JWT_ISSUER: string) => {
    const config = parseEnvironment({ PUBLIC_URL, JWT_ISSUER });
    return new ServerMetadataController(config, new KeyRing(config), host).getServerMetadata().issuer;
  };

  it.each(['gatehouse', 'gatehouse:production', 'urn:example:id', 'ftp://a.b', 'https://a.b?x=1', 'https://a.b#x'])(
    'has the public URL as issuer if JWT_ISSUER is %s',
    (issuer) => expect(issuerOf(issuer)).toBe(PUBLIC_URL),
  );

  it.each(['https://a.b', 'https://a.b/tenant', 'http://localhost:3000'])('has the issuer %s', (issuer) =>
    expect(issuerOf(issuer)).toBe(issuer),
  );
});
