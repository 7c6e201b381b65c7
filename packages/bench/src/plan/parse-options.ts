import { parseDuration as readDuration } from "@drover/foundation/durations-and-sizes";
import { BenchError } from "../errors.ts";

/**
 * Reads `500ms`, `5s`, `2m`, `1h`, as every other duration of Drover.
 * @throws BenchError `bad_option` for anything else
 */
export function parseDuration(option: string, text: string): number {
  const ms = readDuration(text);
  if (ms !== undefined) return ms;
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
