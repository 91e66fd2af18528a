import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BuildInfo } from './build-info.js';
import { MetricsService } from './metrics.service.js';

@Module({
  imports: [DiscoveryModule],
  providers: [BuildInfo, MetricsService],
})
export class MetricsModule {}
