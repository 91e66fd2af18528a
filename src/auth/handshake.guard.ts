import type { ServerResponse } from 'node:http';
import { Injectable, type CanActivate, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { GuardedRequest } from '../http/guarded-request.js';
import { RolesGuard } from '../http/roles.guard.js';
import { SessionGuard } from '../sessions/session.guard.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';

/**
 * Applies the global guards to the connections of gateways. Nest itself applies them only to messages. Without a gateway,
 * for example for a WebSocket server that the application attached itself, requires a token and no role.
 */
@Injectable()
export class HandshakeGuard {
  private readonly guards: readonly CanActivate[];

  constructor(jwtAuth: JwtAuthGuard, session: SessionGuard, reflector: Reflector) {
    this.guards = [jwtAuth, session, new RolesGuard(reflector)];
  }

  /**
   * Checks a handshake, like the request of a controller with the decorators of the gateway.
   *
   * @throws the errors of the guards
   */
  async checkHandshake(request: GuardedRequest, response: ServerResponse, gateway?: Type): Promise<void> {
    await this.check('http', [request, response], gateway);
  }

  /**
   * Checks a client of socket.io that joins the namespace of a gateway over its connection.
   *
   * @throws the errors of the guards
   */
  async checkClient(client: object, gateway?: Type): Promise<void> {
    await this.check('ws', [client], gateway);
  }

  private async check(type: 'http' | 'ws', args: object[], gateway: Type = HandshakeGuard): Promise<void> {
    const context = new ExecutionContextHost(args, gateway, gateway);
    context.setType(type);
    for (const guard of this.guards) await guard.canActivate(context);
  }
}
