import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../http/current-principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { ApiCreated } from '../http/api-created.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdParamDto } from '../http/id-param.dto.js';
import { Roles } from '../http/roles.decorator.js';
import { PasswordTooWeakError } from '../platform/passwords/passwords.errors.js';
import { AdminUserDto } from './dto/admin-user.dto.js';
import { CreateUserDto } from './dto/create-user.dto.js';
import { ListUsersDto } from './dto/list-users.dto.js';
import { UpdateUserDto } from './dto/update-user.dto.js';
import { UserPageDto } from './dto/user-page.dto.js';
import { EmailTakenError, LastAdminError, UserNotFoundError } from './users.errors.js';
import { UsersService } from './users.service.js';

@ApiTags('admin')
@Roles('admin')
@Controller('admin/users')
export class UsersAdminController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOperation({ summary: 'List users, newest first', description: 'Filters are combined with AND.' })
  @ApiOkResponse({ type: UserPageDto })
  async listUsers(@Query() query: ListUsersDto): Promise<UserPageDto> {
    return UserPageDto.from(await this.users.listUsers(query, query.toPageRequest()));
  }

  @Post()
  @ApiOperation({
    summary: 'Create a user',
    description:
      'The rules for emails and passwords are those of `POST /auth/register`, without its rate limits. Without a password, the user gets a mail with an invitation.',
  })
  @ApiCreated(AdminUserDto)
  @ApiProblems(PasswordTooWeakError, EmailTakenError)
  async createUser(@CurrentPrincipal() principal: Principal, @Body() user: CreateUserDto): Promise<AdminUserDto> {
    return AdminUserDto.from(await this.users.createUser(user, principal));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Get a user', description: 'Also returns inactive users.' })
  @ApiOkResponse({ type: AdminUserDto })
  @ApiProblems(UserNotFoundError)
  async getUser(@Param() { id }: IdParamDto): Promise<AdminUserDto> {
    return AdminUserDto.from(await this.users.getUser(id));
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Update a user. Takes effect on that user’s next request',
    description:
      'Changes only the fields of the body. A new email receives a link to verify it, and links that the earlier one received stop working. Deactivating a user revokes all their sessions. Fails if no active admin would remain.',
  })
  @ApiOkResponse({ type: AdminUserDto })
  @ApiProblems(UserNotFoundError, LastAdminError, EmailTakenError)
  async updateUser(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: IdParamDto,
    @Body() changes: UpdateUserDto,
  ): Promise<AdminUserDto> {
    return AdminUserDto.from(await this.users.updateUser(id, changes, principal));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a user and all their sessions',
    description: 'Fails if no active admin would remain. It cannot be undone. The audit trail keeps its events.',
  })
  @ApiNoContentResponse()
  @ApiProblems(UserNotFoundError, LastAdminError)
  deleteUser(@CurrentPrincipal() principal: Principal, @Param() { id }: IdParamDto): Promise<void> {
    return this.users.deleteUser(id, principal);
  }
}
