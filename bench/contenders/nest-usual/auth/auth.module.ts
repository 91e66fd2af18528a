import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { DatabaseModule } from '../database/database.module.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { JwtStrategy } from './jwt.strategy.js';

@Module({
  imports: [PassportModule, DatabaseModule],
  providers: [SessionsService, JwtStrategy],
})
export class AuthModule {}
