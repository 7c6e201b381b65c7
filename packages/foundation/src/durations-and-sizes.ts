// Of settings, flags and commands. A configuration of nginx has rules of its own (`nginx/src/read/units`).
const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER_UNIT = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/** Node's timers hold a signed 32-bit number of milliseconds; a longer one would fire at once. */
export const LONGEST_DURATION_MS = 24 * MS_PER_UNIT.d;

/** What {@link parseDuration} reads, but for its limit; without flags, so that a JSON Schema can have it. */
export const DURATION_PATTERN = /^\d+(\.\d+)? ?(ms|s|m|h|d)?$/;

/** What {@link parseSize} reads, but for its limit. */
export const SIZE_PATTERN = /^\d+(\.\d+)? ?([kKmMgGtT]([iI]?[bB])?|[bB])?$/;

/**
 * Milliseconds of a duration as people write it: `500ms`, `10s`, `1.5m`, `2h`, `1d`. Undefined for other text and above 24 days.
 *
 * @param bareUnit what a number without a unit counts
 */
export function parseDuration(text: string, bareUnit: "ms" | "s" = "ms"): number | undefined {
  const trimmed = text.trim();
  if (!DURATION_PATTERN.test(trimmed)) return undefined;
  const [number = "", unit = ""] = splitUnit(trimmed);
  const ms = Number(number) * MS_PER_UNIT[(unit === "" ? bareUnit : unit) as keyof typeof MS_PER_UNIT];
  return ms <= LONGEST_DURATION_MS ? ms : undefined;
}

/** Bytes of a size as people write it: `10MiB`, `512k`, `2G`, all powers of 1024; a bare number is bytes. Undefined for other text and above 2^53. */
export function parseSize(text: string): number | undefined {
  const trimmed = text.trim();
  if (!SIZE_PATTERN.test(trimmed)) return undefined;
  const [number = "", unit = ""] = splitUnit(trimmed);
  const letter = unit.slice(0, 1).toLowerCase();
  const factor = letter in BYTES_PER_UNIT ? BYTES_PER_UNIT[letter as keyof typeof BYTES_PER_UNIT] : 1;
  const bytes = Math.round(Number(number) * factor);
  return bytes <= Number.MAX_SAFE_INTEGER ? bytes : undefined;
}

/** `1.5 MiB` as ["1.5", "MiB"]. */
function splitUnit(text: string): readonly string[] {
  return (/^([\d.]+) ?(.*)$/.exec(text) ?? []).slice(1);
}
