import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Session } from './session.entity.js';

@Injectable()
export class SessionsService {
  constructor(private readonly dataSource: DataSource) {}

  findOne(id: string): Promise<Session | null> {
    return this.dataSource.getRepository(Session).findOne({ where: { id }, relations: { user: true } });
  }
}
