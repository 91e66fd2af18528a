import { Injectable } from '@nestjs/common';

/** The application's time, in one place, so that a test can hold it. Sessions are judged by the database's clock. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
