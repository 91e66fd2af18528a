// NestJS as its documentation teaches it: Passport with a secret, and TypeORM for the session with its user.
import { Controller, Get, Injectable, Module, Request, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

@Entity('users')
class User {
  @PrimaryColumn('uuid') id!: string;
  @Column() email!: string;
  @Column({ type: 'text', nullable: true }) name!: string | null;
  @Column() role!: string;
  @Column({ name: 'is_active' }) isActive!: boolean;
  @Column({ name: 'email_verified_at', type: 'timestamptz', nullable: true }) emailVerifiedAt!: Date | null;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'updated_at', type: 'timestamptz' }) updatedAt!: Date;
}

@Entity('sessions')
class Session {
  @PrimaryColumn('uuid') id!: string;
  @ManyToOne(() => User) @JoinColumn({ name: 'user_id' }) user!: User;
  @Column({ name: 'user_agent', type: 'text', nullable: true }) userAgent!: string | null;
  @Column({ name: 'ip_address', type: 'inet', nullable: true }) ipAddress!: string | null;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'expires_at', type: 'timestamptz' }) expiresAt!: Date;
  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true }) revokedAt!: Date | null;
}

@Injectable()
class SessionsService {
  constructor(private readonly dataSource: DataSource) {}

  findOne(id: string): Promise<Session | null> {
    return this.dataSource.getRepository(Session).findOne({ where: { id }, relations: { user: true } });
  }
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly sessionsService: SessionsService) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: process.env['JWT_SECRET'] ?? '',
    });
  }

  async validate(payload: { sid: string }): Promise<User> {
    const session = await this.sessionsService.findOne(payload.sid);
    if (!session || session.revokedAt || session.expiresAt < new Date() || !session.user.isActive) {
      throw new UnauthorizedException();
    }
    return session.user;
  }
}

@Injectable()
class JwtAuthGuard extends AuthGuard('jwt') {}

@Controller('users')
class UsersController {
  @UseGuards(JwtAuthGuard)
  @Get('me')
  me(@Request() request: { user: User }): User {
    return request.user;
  }
}

function connect(): Promise<DataSource> {
  const url = process.env['DATABASE_URL'] ?? '';
  return new DataSource({ type: 'postgres', url, entities: [User, Session], poolSize: 10 }).initialize();
}

@Module({
  imports: [PassportModule],
  providers: [{ provide: DataSource, useFactory: connect }, SessionsService, JwtStrategy],
  controllers: [UsersController],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
await app.listen(Number(process.env['PORT']), '127.0.0.1');
