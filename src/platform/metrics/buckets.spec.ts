import { Buckets } from './buckets.js';

it('Buckets counts each value in its bucket and all larger ones, as Prometheus does', () => {
  const buckets = new Buckets([1, 2]);
  for (const value of [0, 1, 1.5, 3]) buckets.observe(value);
  const values = buckets.values('x', { a: 'b' });
  expect(values.map(({ metricName, value }) => [metricName, value])).toEqual([
    ['x_bucket', 2],
    ['x_bucket', 3],
    ['x_bucket', 4],
    ['x_sum', 5.5],
    ['x_count', 4],
  ]);
  expect(values[2]?.labels).toEqual({ le: '+Inf', a: 'b' });
  expect(buckets.total).toBe(4);
});
