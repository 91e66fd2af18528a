import { Injectable } from '@nestjs/common';
import { GAUGES, type HasGauges } from '../../common/gauges.js';
import { readVersion } from '../../common/version.js';

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
