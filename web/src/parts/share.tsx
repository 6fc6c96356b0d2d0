/** Bars that show shares: of time (busy, back-pressured, idle) and of room (used of what there is). */
import { percent } from '../i18n/format';
import { t } from '../i18n';

export function TimeShare({ busy, backPressured, idle }: { busy: number; backPressured: number; idle: number }) {
  const label = [
    `${t('task.busy')} ${percent(busy)}`,
    `${t('task.backPressured')} ${percent(backPressured)}`,
    `${t('task.idle')} ${percent(idle)}`,
  ].join(', ');
  return (
    <div class="share" role="img" aria-label={label} title={label}>
      <span class="fill-busy" style={{ width: `${clip(busy) * 100}%` }} />
      <span class="fill-back-pressured" style={{ width: `${clip(backPressured) * 100}%` }} />
      <span class="fill-idle" style={{ width: `${clip(idle) * 100}%` }} />
    </div>
  );
}

export function TimeShareKey() {
  return (
    <span class="row">
      <span class="key">
        <i class="fill-busy" />
        {t('task.busy')}
      </span>
      <span class="key">
        <i class="fill-back-pressured" />
        {t('task.backPressured')}
      </span>
      <span class="key">
        <i class="fill-idle" />
        {t('task.idle')}
      </span>
    </span>
  );
}

/** How much of something is used; the fuller, the louder. */
export function UseBar({ share, label }: { share: number; label: string }) {
  const fill = share >= 0.9 ? 'fill-bad' : share >= 0.7 ? 'fill-warn' : 'fill-accent';
  return (
    <div class="share" role="img" aria-label={`${label} ${percent(share)}`} title={`${label} ${percent(share)}`}>
      <span class={fill} style={{ width: `${clip(share) * 100}%` }} />
    </div>
  );
}

function clip(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}
