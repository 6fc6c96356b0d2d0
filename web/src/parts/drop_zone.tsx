/** Where a file is dropped or chosen. */
import { useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { percent } from '../i18n/format';
import { Icon } from './icon';

export function DropZone({
  title,
  text,
  accept,
  take,
  progress,
}: {
  title: string;
  text: string;
  accept: string;
  take: (file: File) => void;
  /** While a file is on its way: 0 to 1. */
  progress: number | null;
}) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const takeFirst = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    if (file !== undefined) take(file);
  };
  return (
    <div
      class={`drop ${over ? 'over' : ''}`}
      role="button"
      tabIndex={0}
      aria-label={title}
      onClick={() => input.current?.click()}
      onKeyDown={(event) => {
        if (event.key === 'Enter' || event.key === ' ') input.current?.click();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        takeFirst(event.dataTransfer?.files);
      }}
    >
      <Icon name="submit" />
      <strong>{title}</strong>
      <span>{text}</span>
      {progress !== null && (
        <>
          <div class="progress" role="progressbar" aria-valuenow={Math.round(progress * 100)}>
            <span style={{ width: `${progress * 100}%` }} />
          </div>
          <span>{progress < 1 ? percent(progress) : t('submit.compiling')}</span>
        </>
      )}
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        onClick={(event) => event.stopPropagation()}
        onChange={(event) => {
          takeFirst(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
