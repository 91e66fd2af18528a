import { Controller, Get, Module, Post, Sse, UseGuards, type MessageEvent } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { of, type Observable } from 'rxjs';
import { Scopes, SignInOnly, StepUp } from '../../src/http/access.decorators.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';

@Controller('probe-access')
class ProbeAccessController {
  @StepUp({ maxAge: '10m' })
  @Get('sensitive')
  sensitive(): void {
    return undefined;
  }

  @StepUp({ maxAge: '1h', factors: 2 })
  @Get('two-factors')
  twoFactors(): void {
    return undefined;
  }

  @SignInOnly()
  @Get('sign-in-only')
  signInOnly(): void {
    return undefined;
  }

  @Scopes('orders:read')
  @Get('scoped')
  scoped(): void {
    return undefined;
  }

  @Roles('admin')
  @Post('admin')
  write(): void {
    return undefined;
  }

  @Roles('admin')
  @StepUp({ maxAge: '1h' })
  @Post('admin-step-up')
  writeWithStepUp(): void {
    return undefined;
  }

  @Roles('admin')
  @Get('admin')
  read(): void {
    return undefined;
  }

  @StepUp({ maxAge: '10m' })
  @Sse('events')
  events(): Observable<MessageEvent> {
    return of({ data: 'first' });
  }
}

@Public()
@StepUp({ maxAge: '10m' })
@Controller('probe-access-public')
class ProbePublicController {
  @Get()
  open(): void {
    return undefined;
  }

  @UseGuards(AuthGuard('jwt'))
  @Get('passport')
  withPassport(): void {
    return undefined;
  }
}

@Public()
@WebSocketGateway({ path: '/probe-public' })
class ProbePublicGateway {
  @StepUp({ maxAge: '10m' })
  @UseGuards(AuthGuard('jwt'))
  @SubscribeMessage('pay')
  pay(): string {
    return 'paid';
  }
}

@StepUp({ maxAge: '10m' })
@Controller('probe-access-class')
class ProbeSensitiveController {
  @Get()
  sensitive(): void {
    return undefined;
  }

  @StepUp({ maxAge: '1h' })
  @Get('less')
  lessSensitive(): void {
    return undefined;
  }
}

@StepUp({ maxAge: '10m' })
@WebSocketGateway({ path: '/probe-sensitive' })
class ProbeSensitiveGateway {
  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }
}

@WebSocketGateway({ path: '/probe-access' })
class ProbeAccessGateway {
  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }

  @StepUp({ maxAge: '10m' })
  @SubscribeMessage('pay')
  pay(): string {
    return 'paid';
  }
}

/** Routes and gateways with each of the access decorators. */
@Module({
  controllers: [ProbeAccessController, ProbeSensitiveController, ProbePublicController],
  providers: [ProbeSensitiveGateway, ProbeAccessGateway, ProbePublicGateway],
})
export class ProbeAccessModule {}
