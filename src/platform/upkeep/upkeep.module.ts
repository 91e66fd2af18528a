import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Pruners } from './pruners.js';
import { ScheduleRepository } from './schedule.repository.js';
import { UpkeepService } from './upkeep.service.js';

@Module({
  imports: [DiscoveryModule],
  providers: [Pruners, ScheduleRepository, UpkeepService],
  exports: [Pruners, UpkeepService],
})
export class UpkeepModule {}
