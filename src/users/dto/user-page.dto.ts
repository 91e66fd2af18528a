import { pageOf } from '../../http/page.dto.js';
import { UserDto } from '../user.dto.js';

export class UserPageDto extends pageOf(UserDto) {}
