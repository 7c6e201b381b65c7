import { BenchError } from "./errors.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads `500ms`, `5s`, `2m`, `1h`; 0 needs no unit.
 * @throws BenchError `bad_option` for anything else: a bare 60 might mean seconds or milliseconds
 */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const ms = text.trim() === "0" ? 0 : Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  throw new BenchError("bad_option", `${option} "${text}" is no duration; write 500ms, 5s or 2m`);
}

/**
 * Reads `1,2,4`.
 * @throws BenchError `bad_option` where a part is no number
 */
export function parseNumbers(option: string, text: string): readonly number[] {
  const parts = text.split(",").filter((part) => part.trim() !== "");
  const numbers = parts.map(Number);
  const bad = parts.find((_, index) => !Number.isFinite(numbers[index]));
  if (bad !== undefined || parts.length === 0)
    throw new BenchError("bad_option", `${option} "${text}": "${bad ?? text}" is no number; write 1,2,4`);
  return numbers;
}
