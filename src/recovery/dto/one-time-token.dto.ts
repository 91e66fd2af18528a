import { OneTimeTokenField } from './token-field.js';

export class OneTimeTokenDto {
  @OneTimeTokenField()
  token!: string;
}
