'use client';
// Tables that sort and hide columns (TanStack Table underneath). Narrow screens scroll them sideways
// with the first column in place. The chosen columns are remembered under `name`.

import {
  flexRender, getCoreRowModel, getSortedRowModel, useReactTable,
  type ColumnDef, type SortingState, type VisibilityState,
} from '@tanstack/react-table';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Button } from './bits';
import { Icon } from './icons';

declare module '@tanstack/react-table' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData, TValue> {
    right?: boolean; // numbers stand under each other
    csv?: (row: TData) => string | number | null | undefined;
    hidden?: boolean; // until it is asked for
  }
}

export type Columns<T> = ColumnDef<T, unknown>[];

const headOf = <T,>(c: ColumnDef<T, unknown>) => (typeof c.header === 'string' ? c.header : (c.id ?? ''));

type Props<T> = {
  name: string;
  label: string;
  rows: T[];
  columns: Columns<T>;
  idOf: (row: T) => string;
  sort?: SortingState;
  tools?: ReactNode;
  csv?: string; // file name
  part?: boolean; // there are more rows than these
};

export function DataTable<T>({ name, label, rows, columns, idOf, sort = [], tools, csv, part = false }: Props<T>) {
  const [sorting, setSorting] = useState<SortingState>(sort);
  const [shown, setShown] = useColumns(name, columns);
  const table = useReactTable({
    data: rows,
    columns,
    state: { sorting, columnVisibility: shown },
    onSortingChange: setSorting,
    onColumnVisibilityChange: setShown,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getRowId: idOf,
    enableSortingRemoval: true,
  });
  return (
    <>
      {(tools || csv) && (
        <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2">
          {tools}
          <div className="ml-auto flex items-center gap-2">
            {part && <span className="text-xs text-muted">Sorting and export: the {rows.length} rows loaded, not all</span>}
            <Popup>
              <summary className="inline-flex min-h-9 list-none items-center gap-1.5 rounded-md border border-line-strong/60 px-3 text-sm font-medium hover:bg-raised">
                Columns <Icon name="down" className="size-3" />
              </summary>
              <div className="absolute right-0 z-20 mt-1 max-h-80 w-52 overflow-auto rounded-lg border border-line bg-surface p-2 shadow-xl">
                {table.getAllLeafColumns().map((c) => (
                  <label key={c.id} className="flex items-center gap-2 rounded px-2 py-1 text-sm hover:bg-raised">
                    <input type="checkbox" checked={c.getIsVisible()} onChange={c.getToggleVisibilityHandler()} className="accent-accent" />
                    {headOf(c.columnDef)}
                  </label>
                ))}
              </div>
            </Popup>
            {csv && <Button onClick={() => saveCsv(csv, table.getVisibleLeafColumns().map((c) => c.columnDef), table.getRowModel().rows.map((r) => r.original))}>Export CSV</Button>}
          </div>
        </div>
      )}
      <div className="scroll-thin overflow-x-auto" tabIndex={0} role="region" aria-label={`${label}, scrolls sideways`}>
        <table className="w-full border-collapse text-sm">
          <caption className="sr-only">{label}</caption>
          <thead>
            {table.getHeaderGroups().map((g) => (
              <tr key={g.id} className="border-b border-line">
                {g.headers.map((h) => {
                  const dir = h.column.getIsSorted();
                  return (
                    <th key={h.id} scope="col" aria-sort={dir === 'asc' ? 'ascending' : dir === 'desc' ? 'descending' : undefined}
                      className={`whitespace-nowrap px-2 py-2 text-xs font-medium text-muted first:sticky first:left-0 first:bg-surface first:pl-4 last:pr-4 ${h.column.columnDef.meta?.right ? 'text-right' : 'text-left'}`}>
                      {h.column.getCanSort() ? (
                        <button type="button" onClick={h.column.getToggleSortingHandler()} className={`inline-flex items-center gap-1 align-middle hover:text-text ${h.column.columnDef.meta?.right ? 'flex-row-reverse' : ''}`}>
                          {flexRender(h.column.columnDef.header, h.getContext())}
                          <span aria-hidden="true" className="w-2">{dir === 'asc' ? '↑' : dir === 'desc' ? '↓' : ''}</span>
                        </button>
                      ) : flexRender(h.column.columnDef.header, h.getContext())}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {table.getRowModel().rows.map((r) => (
              <tr key={r.id} className="border-b border-line last:border-0 hover:bg-raised/60">
                {r.getVisibleCells().map((c) => (
                  <td key={c.id} className={`px-2 py-2 align-middle first:sticky first:left-0 first:bg-surface first:pl-4 last:pr-4 ${c.column.columnDef.meta?.right ? 'text-right' : ''}`}>
                    {flexRender(c.column.columnDef.cell, c.getContext())}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** What opens below its summary; Escape and a press elsewhere close it. */
function Popup({ children }: { children: ReactNode }) {
  const ref = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = (e: Event) => {
      const d = ref.current;
      if (!d?.open) return;
      const escaped = e instanceof KeyboardEvent && e.key === 'Escape';
      if (!escaped && (e instanceof KeyboardEvent || d.contains(e.target as Node))) return;
      if (escaped && d.contains(document.activeElement)) d.querySelector('summary')?.focus();
      d.open = false;
    };
    document.addEventListener('pointerdown', shut);
    document.addEventListener('keydown', shut);
    return () => {
      document.removeEventListener('pointerdown', shut);
      document.removeEventListener('keydown', shut);
    };
  }, []);
  return <details ref={ref} className="relative">{children}</details>;
}

function useColumns<T>(name: string, columns: Columns<T>) {
  const key = `columns.${name}`;
  const [shown, setShown] = useState<VisibilityState>(() =>
    Object.fromEntries(columns.filter((c) => c.meta?.hidden).map((c) => [c.id ?? headOf(c), false])),
  );
  useEffect(() => {
    try {
      const kept = localStorage.getItem(key);
      if (kept) setShown(JSON.parse(kept) as VisibilityState);
    } catch {
      // What is remembered is a convenience.
    }
  }, [key]);
  const keep = (next: VisibilityState | ((old: VisibilityState) => VisibilityState)) => {
    const value = typeof next === 'function' ? next(shown) : next;
    setShown(value);
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // As above.
    }
  };
  return [shown, keep] as const;
}

/** Text that a spreadsheet would take for a formula gets an apostrophe in front. */
function cell(v: string | number | null | undefined): string {
  let s = v === null || v === undefined ? '' : String(v);
  if (/^[=+\-@\t\r]/.test(s) && Number.isNaN(Number(s))) s = `'${s}`;
  return /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
}

function saveCsv<T>(file: string, columns: ColumnDef<T, unknown>[], rows: T[]) {
  const cols = columns.filter((c) => c.meta?.csv);
  const lines = [cols.map((c) => cell(headOf(c))), ...rows.map((r) => cols.map((c) => cell(c.meta?.csv?.(r))))];
  const url = URL.createObjectURL(new Blob([lines.map((l) => l.join(',')).join('\r\n') + '\r\n'], { type: 'text/csv;charset=utf-8' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = file;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
