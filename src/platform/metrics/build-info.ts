import { existsSync, readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { GAUGES, type HasGauges } from '../../common/gauges.js';

/** The version in `package.json`. */
@Injectable()
export class BuildInfo implements HasGauges {
  private version: string | undefined;

  [GAUGES]() {
    this.version ??= readVersion();
    const labels = { version: this.version };
    const help = 'The version of the application. The value is the number of processes.';
    return [{ name: 'gatehouse_build_info', help, labels, value: 1 }];
  }
}

function readVersion(): string {
  const besideSources = new URL('../../../package.json', import.meta.url);
  const besideBuild = new URL('../../../../package.json', import.meta.url);
  const text = readFileSync(existsSync(besideSources) ? besideSources : besideBuild, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
