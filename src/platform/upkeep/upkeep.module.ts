import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Pruners } from './pruners.js';
import { UpkeepService } from './upkeep.service.js';

@Module({
  imports: [DiscoveryModule],
  providers: [Pruners, UpkeepService],
  exports: [Pruners, UpkeepService],
})
export class UpkeepModule {}
