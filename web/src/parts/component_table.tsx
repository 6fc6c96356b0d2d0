/** Components that were uploaded, one line each, the newest first. */
import type { ComponentSummary } from '../api/components';
import { t } from '../i18n';
import { bytes, duration, time } from '../i18n/format';
import { Table, type Column } from './table';

function columns(href: (row: ComponentSummary) => string): Column<ComponentSummary>[] {
  return [
    {
      id: 'name',
      head: t('components.name'),
      sort: (row) => row.name,
      cell: (row) => (
        <a class="name" href={href(row)}>
          {row.name}
        </a>
      ),
    },
    { id: 'language', head: t('components.language'), cell: (row) => row.languages.join(', ') },
    {
      id: 'size',
      head: t('components.size'),
      number: true,
      sort: (row) => row.size,
      cell: (row) => bytes(row.size),
    },
    {
      id: 'compiled',
      head: t('components.compiled'),
      number: true,
      sort: (row) => row.compileMs ?? 0,
      cell: (row) => duration(row.compileMs),
    },
    {
      id: 'digest',
      head: t('components.digest'),
      cell: (row) => <code class="faint">{row.digest.slice(0, 16)}</code>,
    },
    {
      id: 'uploaded',
      head: t('components.uploaded'),
      number: true,
      sort: (row) => row.uploaded ?? 0,
      cell: (row) => time(row.uploaded),
    },
  ];
}

/** `href` is where a line leads to: what is in the component, or its form. */
export function ComponentTable({
  rows,
  label,
  href,
}: {
  rows: readonly ComponentSummary[];
  label: string;
  href: (row: ComponentSummary) => string;
}) {
  return (
    <Table
      label={label}
      rows={rows}
      id={(row) => row.id}
      href={href}
      first={{ column: 'uploaded', down: true }}
      columns={columns(href)}
    />
  );
}
