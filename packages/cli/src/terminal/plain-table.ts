import Table from "cli-table3";

const NO_LINES = Object.fromEntries(
  ["top", "bottom", "left", "mid", "right"]
    .flatMap((side) => [side, `${side}-left`, `${side}-mid`, `${side}-right`])
    .map((part) => [part, ""]),
);

/** A table without lines; its columns move together where it would be wider than the terminal. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  columns = Number.POSITIVE_INFINITY,
): string {
  const draw = (middle: string) => {
    const style = { head: [], border: [], "padding-left": 0, "padding-right": 0 };
    const table = new Table({ head: [...head], chars: { ...NO_LINES, middle }, style });
    table.push(...rows.map((row) => [...row]));
    return table.toString();
  };
  const wide = draw("  ");
  return wide.split("\n").some((line) => line.length > columns) ? draw(" ") : wide;
}
