import { Body, Controller, Delete, Get, HttpCode, Patch } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../http/current-principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { OpenToUnenrolled, Scopes, SignInOnly, StepUp } from '../http/access.decorators.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { CurrentUser } from './current-user.decorator.js';
import { RequestClient } from '../http/request-client.decorator.js';
import type { Client } from '../common/client.js';
import { TooManyRequestsError } from '../platform/rate-limits/rate-limits.errors.js';
import { DeleteOwnUserDto } from './dto/delete-own-user.dto.js';
import { UpdateOwnUserDto } from './dto/update-own-user.dto.js';
import { UserDto } from './user.dto.js';
import { User } from './user.entity.js';
import { IncorrectPasswordError, LastAdminError, UserNotFoundError } from './users.errors.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@OpenToUnenrolled()
@Controller('users/me')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Scopes('profile:read')
  @ApiOperation({ summary: 'Get the current user', description: 'Returns the account of the access token.' })
  @ApiOkResponse({ type: UserDto })
  getCurrentUser(@CurrentUser() user: User): UserDto {
    return UserDto.from(user);
  }

  @Patch()
  @SignInOnly()
  @ApiOperation({
    summary: 'Update the current user',
    description: 'Changes only the fields of the body. `null` removes the name.',
  })
  @ApiOkResponse({ type: UserDto })
  @ApiProblems(UserNotFoundError)
  async updateCurrentUser(
    @CurrentPrincipal() principal: Principal,
    @Body() changes: UpdateOwnUserDto,
  ): Promise<UserDto> {
    return UserDto.from(await this.users.updateUser(principal.userId, changes, principal));
  }

  @Delete()
  @StepUp({ maxAge: '10m' })
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete the current user and all their sessions',
    description:
      'Requires the password, if the account has one. An account without a password, for example after a not-me report, needs no body. Wrong passwords count towards a limit. Fails for the last active admin. It cannot be undone.',
  })
  @ApiBody({ type: DeleteOwnUserDto, required: false })
  @ApiNoContentResponse()
  @ApiProblems(IncorrectPasswordError, UserNotFoundError, LastAdminError, TooManyRequestsError)
  deleteCurrentUser(
    @CurrentPrincipal() principal: Principal,
    @RequestClient() client: Client,
    @Body() { password }: DeleteOwnUserDto,
  ): Promise<void> {
    return this.users.deleteOwnAccount(principal, client, password);
  }
}
