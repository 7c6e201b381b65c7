import Table from "cli-table3";
import type { Rows } from "./bench-rows.ts";

export interface TableShape {
  /** Of the terminal. @default no limit */
  readonly columns?: number | undefined;
  /** Columns at the left that name the row. @default 1 */
  readonly keys?: number;
}

/** A table without colours; one that is too wide becomes several, each with the columns that name the rows. */
export function plainTable(
  { head, rows }: Pick<Rows, "head" | "rows">,
  { columns, keys = 1 }: TableShape = {},
): string {
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => (row[index] ?? "").length)));
  return groupsThatFit(widths, keys, columns ?? Number.POSITIVE_INFINITY)
    .map((indexes) => {
      const table = new Table({
        head: indexes.map((index) => head[index] ?? ""),
        style: { head: [], border: [], compact: true },
        colAligns: indexes.map((index) => (index === 0 ? "left" : "right")),
      });
      for (const row of rows) table.push(indexes.map((index) => row[index] ?? ""));
      return table.toString();
    })
    .join("\n");
}

/** A cell has a line and two blanks beside its text. */
const CELL_FRAME = 3;

function groupsThatFit(widths: readonly number[], keys: number, columns: number): readonly (readonly number[])[] {
  const all = widths.map((_, index) => index);
  const names = all.slice(0, keys);
  const widthOf = (indexes: readonly number[]): number =>
    indexes.reduce((sum, index) => sum + (widths[index] ?? 0) + CELL_FRAME, 1);
  const groups: number[][] = [];
  for (const index of all.slice(keys)) {
    const last = groups.at(-1);
    if (last !== undefined && widthOf([...last, index]) <= columns) last.push(index);
    else groups.push([...names, index]);
  }
  return groups;
}
