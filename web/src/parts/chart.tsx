/** A chart over time of figures that the browser keeps. Drawn on a canvas, anew only when there is a new value. */
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { themeVersion } from '../model/settings';
import type { Series } from '../model/series';

export interface Line {
  /** Its name in the series. */
  name: string;
  words: string;
  /** A colour of the theme, such as `--busy`. */
  color: string;
}

const HEIGHT = 130;

/** A chart shows at least so much time, so that its first values do not jump. */
const LEAST_SECONDS = 60;

/** A colour of the theme as the canvas wants it. */
function colorOf(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function options(
  lines: readonly Line[],
  width: number,
  words: (value: number | null) => string,
  max: number | undefined,
): uPlot.Options {
  const [grid, text] = [colorOf('--line'), colorOf('--faint')];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false } },
    padding: [6, 4, 0, 0],
    scales: { x: { time: true, range: (_self, first, last) => [Math.min(first, last - LEAST_SECONDS), last] }, y: { range: (_self, _min, top) => [0, max ?? Math.max(top * 1.1, 1)] } },
    axes: [
      { ...axis, size: 22, space: 70 },
      { ...axis, size: 56, values: (_self, ticks) => ticks.map((tick) => words(tick)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.words,
        stroke: colorOf(line.color),
        width: 1.5,
        points: { show: false },
        spanGaps: true,
      })),
    ],
  };
}

export function Chart({
  title,
  series,
  lines,
  words,
  max,
}: {
  title: string;
  series: Series;
  lines: readonly Line[];
  /** A value as it is written at the axis. */
  words: (value: number | null) => string;
  /** The top of the scale; else it follows the values. */
  max?: number;
}) {
  const place = useRef<HTMLDivElement>(null);
  const names = lines.map((line) => line.name).join();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let plot: uPlot | null = null;
    const columns = (): uPlot.AlignedData => series.columns(lines.map((line) => line.name));
    const unwatchTheme = effect(() => {
      themeVersion.value;
      plot?.destroy();
      plot = new uPlot(options(lines, Math.max(element.clientWidth, 200), words, max), columns(), element);
    });
    const unwatchSeries = effect(() => {
      series.version.value;
      if (!document.hidden) plot?.setData(columns());
    });
    const observer = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      unwatchSeries();
      unwatchTheme();
      plot?.destroy();
    };
  }, [names, series]);
  return (
    <figure class="chart" aria-label={title}>
      <figcaption class="chart-title">
        <span>{title}</span>
        <ChartKey lines={lines} series={series} words={words} />
      </figcaption>
      <div ref={place} />
    </figure>
  );
}

/** The lines by colour, each with its present value. */
function ChartKey({
  lines,
  series,
  words,
}: {
  lines: readonly Line[];
  series: Series;
  words: (value: number | null) => string;
}) {
  series.version.value;
  return (
    <span class="chart-key">
      {lines.map((line) => (
        <span class="key" key={line.name}>
          <i style={{ background: `var(${line.color})` }} />
          {line.words} <b>{words(series.values(line.name).at(-1) ?? null)}</b>
        </span>
      ))}
    </span>
  );
}
