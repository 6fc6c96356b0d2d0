/** A table that sorts by its headers; rows can be opened with the mouse, Enter, and j/k. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { goTo } from '../model/route';
import { Icon } from './icon';

export interface Column<T> {
  id: string;
  head: string;
  /** What the column is sorted by; a column without it does not sort. */
  sort?: (row: T) => number | string;
  number?: boolean;
  cell: (row: T) => ComponentChildren;
}

export interface Order {
  column: string;
  down: boolean;
}

/** Rows in order; equal ones stay as they are. */
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order | null): readonly T[] {
  const by = columns.find((column) => column.id === order?.column)?.sort;
  if (by === undefined || order === null) return rows;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((left, right) => {
    const [a, b] = [by(left), by(right)];
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)));
  });
}

export function Table<T>({
  label,
  rows,
  columns,
  id,
  href,
  open,
  chosen,
  first,
}: {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  id: (row: T) => string | number;
  /** Where a row leads. */
  href?: (row: T) => string;
  /** What a row does instead. */
  open?: (row: T) => void;
  chosen?: (row: T) => boolean;
  /** The order to begin with. */
  first?: Order;
}) {
  const [order, setOrder] = useState<Order | null>(first ?? null);
  const opens = href !== undefined || open !== undefined;
  const enter = (row: T): void => {
    if (open !== undefined) open(row);
    else if (href !== undefined) goTo(href(row));
  };
  return (
    <table class="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <Head column={column} order={order} setOrder={setOrder} key={column.id} />
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted(rows, columns, order).map((row) => (
          <tr
            key={id(row)}
            class={chosen?.(row) === true ? 'chosen' : undefined}
            data-row={opens ? String(id(row)) : undefined}
            tabIndex={opens ? 0 : undefined}
            onClick={opens ? (event) => fromRow(event, () => enter(row)) : undefined}
            onKeyDown={opens ? (event) => event.key === 'Enter' && fromRow(event, () => enter(row)) : undefined}
          >
            {columns.map((column) => (
              <td key={column.id} class={column.number ? 'num' : undefined}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A link or button inside a row acts for itself. */
function fromRow(event: Event, act: () => void): void {
  if (event.target instanceof Element && event.target.closest('a, button, input') !== null) return;
  act();
}

function Head<T>({
  column,
  order,
  setOrder,
}: {
  column: Column<T>;
  order: Order | null;
  setOrder: (order: Order) => void;
}) {
  const sorts = order?.column === column.id;
  const direction = order?.down ? 'descending' : 'ascending';
  return (
    <th scope="col" class={column.number ? 'num' : undefined} aria-sort={sorts ? direction : undefined}>
      {column.sort === undefined ? (
        column.head
      ) : (
        <button
          type="button"
          onClick={() => setOrder({ column: column.id, down: sorts ? !order.down : (column.number ?? false) })}
        >
          {column.head}
          {sorts && <Icon name={order.down ? 'down' : 'up'} />}
        </button>
      )}
    </th>
  );
}
