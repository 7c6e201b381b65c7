import { parseDuration } from "@drover/foundation/durations-and-sizes";
import { BadUpstreamError } from "../errors.ts";
import type { UpstreamSpec } from "./upstream.ts";

type Options = { -readonly [K in keyof UpstreamSpec]?: UpstreamSpec[K] };

/**
 * Reads an entry of `balancer.upstreams`: an origin, then nginx's parameters (`weight=2 max_conns=8 max_fails=3 fail_timeout=10s slow_start=30s backup down`).
 * @throws BadUpstreamError naming the parameter that cannot be used
 */
export function parseUpstreamLine(line: string): UpstreamSpec {
  const [origin = "", ...words] = line.trim().split(/\s+/);
  const spec: Options = {};
  for (const word of words) readWord(word, spec, line);
  return {
    id: origin.replace(/^https?:\/\//, ""),
    origin: origin.includes(":/") ? origin : `http://${origin}`,
    ...spec,
  };
}

function readWord(word: string, spec: Options, line: string): void {
  const [name = "", value = ""] = word.split("=");
  if (word === "backup" || word === "down") spec[word] = true;
  else if (name === "weight") spec.weight = wholeNumber(value, word, line);
  else if (name === "max_conns") spec.maxConns = wholeNumber(value, word, line);
  else if (name === "max_fails") spec.maxFails = wholeNumber(value, word, line);
  else if (name === "fail_timeout") spec.failTimeoutMs = milliseconds(value, word, line);
  else if (name === "slow_start") spec.slowStartMs = milliseconds(value, word, line);
  else throw new BadUpstreamError(`upstream "${line}": "${word}" is not known; ${known}`);
}

const known = "known are weight=N, max_conns=N, max_fails=N, fail_timeout=TIME, slow_start=TIME, backup and down";

function wholeNumber(value: string, word: string, line: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new BadUpstreamError(`upstream "${line}": "${word}" needs a whole number`);
  return Number(value);
}

function milliseconds(value: string, word: string, line: string): number {
  // As nginx counts: a bare number is seconds.
  const ms = parseDuration(value, "s");
  if (ms === undefined) throw new BadUpstreamError(`upstream "${line}": "${word}" needs a time such as 10s`);
  return ms;
}
