/** The figures of one vertex over the last minutes. */
import type { Vertex } from '../../api/job';
import { t } from '../../i18n';
import { bytes, duration, percent, rate } from '../../i18n/format';
import { JobModel, type Figure } from '../../model/job';
import type { Series } from '../../model/series';
import { Chart, type Line } from '../../parts/chart';

export function VertexCharts({ series, vertex }: { series: Series; vertex: Vertex }) {
  const line = (figure: Figure, words: string, color: string): Line => ({
    name: JobModel.figure(vertex.id, figure),
    words,
    color,
  });
  return (
    <div class="stack">
      <Chart
        title={t('chart.records')}
        series={series}
        words={rate}
        lines={[line('in', t('vertex.in'), '--series-1'), line('out', t('vertex.out'), '--series-2')]}
      />
      <Chart
        title={t('chart.time')}
        series={series}
        words={percent}
        max={1}
        lines={[
          line('busy', t('task.busy'), '--busy'),
          line('backPressured', t('task.backPressured'), '--back-pressured'),
          line('idle', t('task.idle'), '--series-2'),
        ]}
      />
      <Chart
        title={t('jobs.watermarkLag')}
        series={series}
        words={duration}
        lines={[line('lag', t('chart.lag'), '--series-3')]}
      />
      <Chart
        title={t('vertex.queue')}
        series={series}
        words={percent}
        max={1}
        lines={[line('queue', t('chart.fill'), '--series-4')]}
      />
      <Chart
        title={t('vertex.state')}
        series={series}
        words={bytes}
        lines={[line('state', t('chart.size'), '--series-1')]}
      />
    </div>
  );
}
