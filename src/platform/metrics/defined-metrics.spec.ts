import { Registry } from 'prom-client';
import { defineCounter, defineHistogram } from '../../common/metrics.js';
import { countSamples } from './defined-metrics.js';

const orders = defineCounter({
  name: 'test_orders_total',
  help: 'Orders.',
  labels: { payment: ['card', 'invoice'], country: ['DE'] },
});
const searches = defineCounter({
  name: 'test_searches_total',
  help: 'Searches.',
  labels: { term: [], found: ['yes'] },
});
const prices = defineHistogram({ name: 'test_price', help: 'Prices.', labels: { currency: ['EUR'] } }, [1, 10]);

describe('a defined metric', () => {
  let registry: Registry;
  let stop: () => void;
  beforeEach(() => {
    registry = new Registry();
    stop = countSamples(registry);
  });
  afterEach(() => stop());

  const lines = async (name: string) => (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));

  it('starts at 0 for each combination of known label values', async () => {
    expect(await lines('test_orders_total')).toEqual([
      'test_orders_total{payment="card",country="DE"} 0',
      'test_orders_total{payment="invoice",country="DE"} 0',
    ]);
    expect(await lines('test_price_count')).toEqual(['test_price_count{currency="EUR"} 0']);
  });

  it('has no series before its first sample if a label has no known value', async () => {
    expect(await lines('test_searches_total')).toEqual([]);
    searches.add({ term: 'a', found: 'yes' });
    expect(await lines('test_searches_total')).toEqual(['test_searches_total{term="a",found="yes"} 1']);
  });

  it('counts samples with known and other label values', async () => {
    orders.add({ payment: 'card', country: 'DE' });
    orders.add({ payment: 'voucher', country: 'FR' }, 3);
    prices.observe(4, { currency: 'EUR' });
    expect(await lines('test_orders_total')).toEqual([
      'test_orders_total{payment="card",country="DE"} 1',
      'test_orders_total{payment="invoice",country="DE"} 0',
      'test_orders_total{payment="voucher",country="FR"} 3',
    ]);
    expect(await lines('test_price_sum')).toEqual(['test_price_sum{currency="EUR"} 4']);
  });

  it('counts nothing after the registry has stopped', async () => {
    stop();
    expect(prices.isEnabled).toBe(false);
    orders.add({ payment: 'card', country: 'DE' });
    expect((await lines('test_orders_total'))[0]).toBe('test_orders_total{payment="card",country="DE"} 0');
  });

  it('cannot be defined twice', () => {
    expect(() => defineCounter({ name: 'test_orders_total', help: 'Orders.' })).toThrow(
      'The metric test_orders_total is defined twice.',
    );
  });
});
