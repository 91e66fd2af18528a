import { Controller, Module, Sse, type MessageEvent } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { NEVER, type Observable } from 'rxjs';

@Controller('probe-events')
class ProbeEventsController {
  @Sse()
  events(): Observable<MessageEvent> {
    return NEVER;
  }
}

@WebSocketGateway({ path: '/probe-chat' })
class ProbeChatGateway {
  @SubscribeMessage('ping')
  ping(): string {
    return 'pong';
  }
}

/** An event stream at `/probe-events` that sends nothing, and a WebSocket at `/probe-chat`. */
@Module({ controllers: [ProbeEventsController], providers: [ProbeChatGateway] })
export class ProbeStreamsModule {}
