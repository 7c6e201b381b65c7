import { parseDuration } from "@drover/foundation/durations-and-sizes";
import { BenchError } from "../errors.ts";

/** A target such as "95% of responses within 10 s". */
export interface Slo {
  readonly of: "response" | "ttft";
  /** 0 to 1. */
  readonly quantile: number;
  readonly limitMs: number;
  /** As the user wrote it. */
  readonly text: string;
}

/**
 * Reads `p95<10s`, `ttft.p99<500ms`, `response.p50<2s`.
 * @throws BenchError `bad_option` for anything else
 */
export function parseSlo(text: string): Slo {
  const match = /^(?:(response|ttft)\.)?p(\d{1,2}(?:\.\d+)?)\s*<=?\s*(.+)$/.exec(text.trim());
  const percent = Number(match?.[2]);
  const limitMs = parseDuration(match?.[3] ?? "") ?? 0;
  if (match === null || !(percent > 0) || !(limitMs > 0))
    throw new BenchError("bad_option", `--slo "${text}": write it as p95<10s, or ttft.p99<500ms for the first token`);
  return { of: match[1] === "ttft" ? "ttft" : "response", quantile: percent / 100, limitMs, text: text.trim() };
}

/** How one step stands to the target. */
export interface SloStep {
  /** The quantile with failures as endless and the unfinished by their age. Null: endless, or nothing ended. */
  readonly valueMs: number | null;
  readonly met: boolean;
}
