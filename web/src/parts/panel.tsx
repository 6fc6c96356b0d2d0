/** The frames of a screen: page, panel, figure, and what is said where there is nothing. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiError } from '../api/http';
import { t } from '../i18n';
import { Icon, type IconName } from './icon';

export function Page({
  title,
  head,
  children,
}: {
  title: string;
  head?: ComponentChildren;
  children: ComponentChildren;
}) {
  useTitle(title);
  return (
    <main class="page" id="page" tabIndex={-1}>
      <div class="page-head">
        <h1>{title}</h1>
        {head}
      </div>
      {children}
    </main>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Wasmill`;
  }, [title]);
}

export function Panel({
  title,
  note,
  actions,
  flush,
  children,
  label,
}: {
  title?: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  /** The content reaches the edges: tables and graphs. */
  flush?: boolean;
  label?: string;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={label ?? title}>
      {title !== undefined && (
        <div class="panel-head">
          <h2>{title}</h2>
          {note !== undefined && <span class="note">{note}</span>}
          <span class="spring" />
          {actions}
        </div>
      )}
      <div class={flush ? 'panel-body flush' : 'panel-body'}>{children}</div>
    </section>
  );
}

export function Figure({
  name,
  value,
  unit,
  note,
  tone,
}: {
  name: string;
  value: ComponentChildren;
  unit?: string;
  note?: ComponentChildren;
  tone?: string;
}) {
  return (
    <div class="figure">
      <div class="figure-name">{name}</div>
      <div class={`figure-value ${tone === undefined ? '' : `tone-${tone}`}`}>
        {value}
        {unit !== undefined && <small> {unit}</small>}
      </div>
      {note !== undefined && <div class="figure-note">{note}</div>}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

export function Message({
  tone,
  refused,
  children,
}: {
  tone: 'ok' | 'info' | 'warn' | 'bad';
  /** It says that this screen cannot show what it should. */
  refused?: boolean;
  children: ComponentChildren;
}) {
  const icon: IconName = tone === 'ok' ? 'check' : tone === 'info' ? 'info' : 'warning';
  return (
    <div class={`message tone-${tone}`} role={tone === 'bad' ? 'alert' : 'status'} data-refused={refused}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

/** The error of a request, one line for each thing that is wrong. */
export function Refusal({ error }: { error: ApiError | null }) {
  if (error === null) return null;
  return (
    <Message tone="bad" refused>
      {error.errors.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </Message>
  );
}

/** What is shown until the first answer: the error, or that it loads. */
export function Waiting({ error }: { error: ApiError | null }) {
  return error === null ? <Empty>{t('common.loading')}</Empty> : <Refusal error={error} />;
}

export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.map(([term, value]) => (
        <>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}
