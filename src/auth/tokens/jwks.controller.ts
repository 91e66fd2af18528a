import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/public.decorator.js';
import { JwksDto } from './dto/jwks.dto.js';
import { KeyRing } from './key-ring.js';

@Public({ evenIfBusy: true })
@ApiTags('oauth')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class JwksController {
  constructor(private readonly keys: KeyRing) {}

  // The only response that may be cached. Publish a new key at least this long before it signs.
  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({
    summary: 'The public keys of access tokens, for services that verify them (RFC 7517)',
    description:
      'Empty unless access tokens are signed with a key pair. The response may be cached for 5 minutes. A service that verifies tokens itself does not see a revocation before the token expires.',
  })
  @ApiOkResponse({ type: JwksDto })
  getJwks(): JwksDto {
    return JwksDto.from(this.keys.all);
  }
}
