import { pageOf } from '../../http/page.dto.js';
import { AdminUserDto } from './admin-user.dto.js';

export class UserPageDto extends pageOf(AdminUserDto) {}
