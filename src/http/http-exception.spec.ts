import {
  BadRequestException,
  ConflictException,
  HttpException,
  ImATeapotException,
  InternalServerErrorException,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import * as nest from '@nestjs/common';
import { toDomainError } from './http-exception.js';
import { toProblem } from './problem.js';

class OrderLockedException extends ConflictException {
  constructor() {
    super('The order is locked.', { cause: new Error('row lock'), errorCode: 'order_locked' });
  }
}

const httpError = (status: number, expose: boolean) =>
  Object.assign(new Error('range not satisfiable'), { status, statusCode: status, expose, path: '/srv/secret' });

/** Returns the problem document without the members that are alike in all of them. */
function problemOf(exception: unknown): object {
  const error = toDomainError(exception);
  if (!error) throw new Error('Not converted.');
  const { type, instance, requestId, ...members } = toProblem(error, '/orders', 'id');
  if (type !== `urn:gatehouse:problem:${members.code}` || instance !== '/orders' || requestId !== 'id')
    throw new Error(`Replaced: ${type} ${instance} ${requestId}`);
  return members;
}

describe('toDomainError', () => {
  const cases: [what: string, exception: unknown, problem: object][] = [
    [
      'a message',
      new ConflictException('The order is paid.'),
      { status: 409, code: 'conflict', title: 'Conflict', detail: 'The order is paid.' },
    ],
    [
      'no message',
      new NotFoundException(),
      { status: 404, code: 'not_found', title: 'Not found', detail: 'Not Found' },
    ],
    [
      'a message and a description',
      new BadRequestException('Pick another day.', 'Closed on Sundays'),
      { status: 400, code: 'bad_request', title: 'Closed on Sundays', detail: 'Pick another day.' },
    ],
    [
      'a list of messages',
      new BadRequestException(['title must be a string', 'total must be positive']),
      {
        status: 400,
        code: 'bad_request',
        title: 'Bad request',
        detail: 'title must be a string; total must be positive',
      },
    ],
    [
      'grouped messages',
      new BadRequestException({ message: { title: ['must be a string'] }, error: 'Bad Request', statusCode: 400 }),
      {
        status: 400,
        code: 'bad_request',
        title: 'Bad request',
        detail: 'Bad Request',
        message: { title: ['must be a string'] },
      },
    ],
    [
      'a plain string and an unusual status',
      new HttpException('Pay first.', 402),
      { status: 402, code: 'payment_required', title: 'Payment required', detail: 'Pay first.' },
    ],
    [
      'an apostrophe in the name of its status',
      new ImATeapotException(),
      { status: 418, code: 'im_a_teapot', title: 'Im a teapot', detail: "I'm a teapot" },
    ],
    [
      'a status without a name',
      new HttpException('Closed.', 499),
      { status: 499, code: 'status_499', title: 'Status 499', detail: 'Closed.' },
    ],
    [
      'members of its own',
      new HttpException({ message: 'Short and stout.', spouts: 1, parts: { handle: true } }, 418),
      {
        status: 418,
        code: 'im_a_teapot',
        title: 'Im a teapot',
        detail: 'Short and stout.',
        spouts: 1,
        parts: { handle: true },
      },
    ],
    [
      'members that every problem document has',
      new HttpException(
        { type: 'x', status: 200, instance: 'x', requestId: 'x', title: 'Sold out', detail: 'Try later.' },
        410,
      ),
      { status: 410, code: 'gone', title: 'Sold out', detail: 'Try later.' },
    ],
    [
      'a subclass with an error code and a cause',
      new OrderLockedException(),
      { status: 409, code: 'order_locked', title: 'Order locked', detail: 'The order is locked.' },
    ],
    [
      'a code as a member',
      new ConflictException({ code: 'ORDER.LOCKED', message: 'Wait.' }),
      { status: 409, code: 'ORDER.LOCKED', title: 'Order locked', detail: 'Wait.' },
    ],
    [
      'a code that is not an identifier',
      new ConflictException({ errorCode: 'no spaces', code: 7, message: 'Wait.' }),
      { status: 409, code: 'conflict', title: 'Conflict', detail: 'Wait.', errorCode: 'no spaces' },
    ],
    [
      'an error as the response',
      new BadRequestException(Object.assign(new Error('SELECT secret'), { query: 'SELECT secret' })),
      { status: 400, code: 'bad_request', title: 'Bad request', detail: 'Bad Request' },
    ],
    [
      'status 500',
      new InternalServerErrorException({ message: 'SELECT secret', query: 'SELECT secret' }),
      {
        status: 500,
        code: 'internal_error',
        title: 'Internal error',
        detail: 'An internal error occurred. Report the request ID to support.',
      },
    ],
    [
      'status 503 and an error code',
      new ServiceUnavailableException('10.0.0.7 refused', { errorCode: 'search_down', description: '10.0.0.7' }),
      {
        status: 503,
        code: 'search_down',
        title: 'Search down',
        detail: 'Service Unavailable. Report the request ID to support.',
      },
    ],
    [
      'a status that HTTP does not have',
      new HttpException('secret', 1_000),
      {
        status: 500,
        code: 'internal_error',
        title: 'Internal error',
        detail: 'An internal error occurred. Report the request ID to support.',
      },
    ],
    [
      'a public message of http-errors',
      httpError(416, true),
      {
        status: 416,
        code: 'range_not_satisfiable',
        title: 'Range not satisfiable',
        detail: 'range not satisfiable',
      },
    ],
    [
      'a private message of http-errors',
      httpError(404, false),
      { status: 404, code: 'not_found', title: 'Not found', detail: 'Not Found' },
    ],
    [
      'status 502 of http-errors',
      httpError(502, true),
      {
        status: 502,
        code: 'bad_gateway',
        title: 'Bad gateway',
        detail: 'Bad Gateway. Report the request ID to support.',
      },
    ],
  ];

  it.each(cases)('converts an exception with %s', (_, exception, problem) => {
    expect(problemOf(exception)).toEqual(problem);
  });

  const classes = Object.entries(nest).filter(
    ([, value]) => typeof value === 'function' && value.prototype instanceof HttpException,
  ) as unknown as [string, new (message: string) => HttpException][];

  it.each(classes)('keeps the status of %s, and its message below 500', (_, type) => {
    const exception = new type('The message.');
    const error = toDomainError(exception);
    expect([error?.getStatus(), error?.code]).toEqual([
      exception.getStatus(),
      expect.stringMatching(/^[a-z]+(_[a-z]+)*$/),
    ]);
    expect(error?.message === 'The message.').toBe(exception.getStatus() < 500);
  });

  it.each([
    ['an error with a status only', Object.assign(new Error('secret'), { status: 404 })],
    ['an object', { status: 404, statusCode: 404, expose: true, message: 'x' }],
    ['undefined', undefined],
  ])('does not convert %s', (_, exception) => {
    expect(toDomainError(exception)).toBeNull();
  });
});
