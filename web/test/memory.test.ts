/** Memory of several processes is told as one, without pretending to know what is not known. */
import { expect, test } from 'vitest';
import type { MemoryRegion } from '../src/api/task_managers';
import { joined, shareOf } from '../src/parts/memory';

function region(other: Partial<MemoryRegion>): MemoryRegion {
  return { name: 'managed', configured: 100, used: 40, holders: null, per: 'process', ...other };
}

test('regions of processes are added up', () => {
  expect(joined([region({}), region({ used: null }), region({ name: 'network', used: 1 })])).toEqual([
    region({ configured: 200 }),
    region({ name: 'network', used: 1 }),
  ]);
});

test('a limit of each instance stays what it is', () => {
  const guests = region({ name: 'guest', per: 'instance', used: null, holders: 3 });
  expect(joined([guests, guests])).toEqual([{ ...guests, holders: 6 }]);
});

test('a share is told only where use and limit are known', () => {
  expect(shareOf(region({}))).toBe(0.4);
  expect(shareOf(region({ per: 'instance', holders: 4 }))).toBe(0.1);
  expect(shareOf(region({ per: 'job' }))).toBeNull();
  expect(shareOf(region({ used: null }))).toBeNull();
});
