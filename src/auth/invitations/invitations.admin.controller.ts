import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../common/principal.js';
import { ApiProblems } from '../../http/api-problems.decorator.js';
import { CurrentPrincipal } from '../../http/current-principal.decorator.js';
import { IdParamDto } from '../../http/id-param.dto.js';
import { Roles } from '../../http/roles.decorator.js';
import { UserNotFoundError } from '../../users/users.errors.js';
import { InvitationNotPossibleError } from './invitations.errors.js';
import { InvitationsService } from './invitations.service.js';

@ApiTags('admin')
@Roles('admin')
@Controller('admin/users/:id/invitation')
export class InvitationsAdminController {
  constructor(private readonly invitations: InvitationsService) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send a user another invitation',
    description:
      'Invalidates the earlier invitation. Fails if the user is inactive or already has a password. Users who were imported without a password can be invited, too.',
  })
  @ApiAcceptedResponse({ description: 'Accepted. A mail with a link to choose a password follows.' })
  @ApiProblems(UserNotFoundError, InvitationNotPossibleError)
  inviteUser(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.invitations.invite(id, principal);
  }
}
