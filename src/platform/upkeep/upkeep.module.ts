import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pruners } from './pruners.js';
import { ScheduleEntry } from './schedule.entity.js';
import { UpkeepService } from './upkeep.service.js';

@Module({
  imports: [DiscoveryModule, TypeOrmModule.forFeature([ScheduleEntry])],
  providers: [Pruners, UpkeepService],
  exports: [Pruners, UpkeepService],
})
export class UpkeepModule {}
