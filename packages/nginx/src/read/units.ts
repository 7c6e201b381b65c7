/** Bytes of `512`, `8k`, `10M`, and with `gigabytes` also `1g`; undefined when nginx would call it invalid. */
export function parseSize(text: string, gigabytes: "with g" | "without g" = "with g"): number | undefined {
  const [, digits = "", unit = ""] = /^(\d+)([kKmMgG]?)$/.exec(text) ?? [];
  if (digits === "" || (gigabytes === "without g" && /g/i.test(unit))) return undefined;
  const bytes = Number(digits) * (factors[unit.toLowerCase()] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const factors: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** From the longest to the shortest: nginx wants them in this order, each at most once. */
const timeUnits: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["M", 30 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/**
 * Milliseconds of `75`, `1h 30m`, `500ms` by the rules of nginx's `ngx_parse_time`: a bare number is seconds.
 *
 * @param precision `ms` for directives counted in milliseconds (no `y` and `M`), `s` for those counted in seconds (no `ms`).
 */
export function parseTime(text: string, precision: "ms" | "s"): number | undefined {
  let rest = text;
  let total = 0;
  let smallest = precision === "ms" ? 1 : -1;
  if (!/^\d/.test(rest)) return undefined;
  while (rest !== "") {
    const [all = "", digits = "", unit = ""] = /^(\d+)(ms|[yMwdhms]?) */.exec(rest) ?? [];
    const index = timeUnits.findIndex(([name]) => name === (unit === "" ? "s" : unit));
    const [, factor = 0] = timeUnits[index] ?? [];
    if (all === "" || index <= smallest || (unit === "ms" && precision === "s")) return undefined;
    // A bare number ends the value.
    smallest = unit === "" ? timeUnits.length : index;
    total += Number(digits) * factor;
    rest = rest.slice(all.length);
  }
  return total <= 2 ** 31 * 1000 ? total : undefined;
}
