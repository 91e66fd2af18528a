import { Controller, Get, Module, Param } from '@nestjs/common';
import { Public } from '../../src/http/public.decorator.js';

@Controller('probe-waits')
class WaitsController {
  @Get(':id')
  @Public()
  wait(@Param('id') _id: string): Promise<never> {
    return new Promise(() => undefined);
  }
}

/** Adds a route that does not respond. */
@Module({ controllers: [WaitsController] })
export class ProbeWaitsModule {}
