/** Regions of memory: what each may use and, where it is known, what it does use. */
import type { MemoryRegion } from '../api/task_managers';
import { t, tName } from '../i18n';
import { bytes, count } from '../i18n/format';
import { Empty } from './panel';
import { UseBar } from './share';

function words(region: MemoryRegion): string {
  const [used, limit] = [bytes(region.used), bytes(region.configured)];
  if (region.per === 'job') return t('memory.per.job', { used, limit });
  if (region.per === 'instance') return t('memory.per.instance', { used, n: count(region.holders), limit });
  return t('common.of', { used, total: limit });
}

/** How much of a region is used, if that can be said. */
export function shareOf(region: MemoryRegion): number | null {
  const holders = region.per === 'process' ? 1 : region.holders;
  if (region.used === null || holders === null || holders * region.configured === 0) return null;
  return region.used / (holders * region.configured);
}

/** The regions of several processes together. */
export function joined(regions: readonly MemoryRegion[]): MemoryRegion[] {
  const byName = new Map<string, MemoryRegion>();
  const sum = (a: number | null, b: number | null): number | null => (a === null && b === null ? null : (a ?? 0) + (b ?? 0));
  for (const region of regions) {
    const before = byName.get(region.name);
    byName.set(region.name, {
      ...region,
      // What each job or instance may use does not grow with the number of processes.
      configured: region.configured + (region.per === 'process' ? (before?.configured ?? 0) : 0),
      used: sum(before?.used ?? null, region.used),
      holders: sum(before?.holders ?? null, region.holders),
    });
  }
  return [...byName.values()];
}

export function MemoryRegions({ regions }: { regions: readonly MemoryRegion[] }) {
  if (regions.length === 0) return <Empty>–</Empty>;
  return (
    <div class="stack">
      {regions.map((region) => {
        const share = shareOf(region);
        const name = tName('memory', region.name);
        return (
          <div key={region.name} class="stack tight">
            <div class="row row-wrap">
              <span>{name}</span>
              <span class="spring" />
              <span class="muted">{words(region)}</span>
            </div>
            {share !== null && <UseBar share={share} label={name} />}
          </div>
        );
      })}
    </div>
  );
}
