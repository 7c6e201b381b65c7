import { BenchError } from "../errors.ts";
import { findPreset } from "../presets/presets.ts";
import type { Preset } from "../presets/preset.ts";
import { parseSlo, type Slo } from "../load/slo.ts";
import type { Load } from "../load/load.ts";

/** What the user asked for; absent fields are the preset's. Durations are in milliseconds. */
export interface LoadRequest {
  /** @default "small-team" */
  readonly preset?: string | undefined;
  /** Steps of closed-loop users. */
  readonly users?: readonly number[] | undefined;
  /** Steps of open-loop arrivals, requests a second; excludes `users`. */
  readonly rate?: readonly number[] | undefined;
  readonly warmupMs?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly thinkMs?: number | undefined;
  /** Mean of the responses' token limits. */
  readonly responseTokens?: number | undefined;
  /** @default 1 */
  readonly seed?: number | undefined;
  /** Such as `p95<10s`. */
  readonly slo?: string | undefined;
  /** Longest silence of the target. @default 300000 */
  readonly timeoutMs?: number | undefined;
  /** Closed loop: each step's window ends with so many responses instead of by the clock. */
  readonly responses?: number | undefined;
  /** Do not let the model end its responses itself. @default the preset's */
  readonly ignoreEndOfText?: boolean | undefined;
  readonly temperature?: number | undefined;
}

/** Complete and checked. */
export interface LoadPlan {
  readonly preset: Preset;
  readonly loads: readonly Load[];
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly thinkMs: number;
  readonly responseTokens: number;
  readonly seed: number;
  readonly slo: Slo | undefined;
  readonly timeoutMs: number;
  readonly responses: number | undefined;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What has to be the same for figures to belong together. */
export type PlanSettings = Omit<LoadPlan, "preset" | "loads" | "slo" | "extra">;

/** A plan without what a report says in another way. */
export function settingsOf({
  preset: _preset,
  loads: _loads,
  slo: _slo,
  extra: _extra,
  ...settings
}: LoadPlan): PlanSettings {
  return settings;
}

const MOST_USERS = 10_000;

/**
 * Says what is wrong with a request before anything is started for it.
 * @throws BenchError `bad_option`
 */
export function checkLoad(request: LoadRequest): void {
  planLoad(request);
}

/** @throws BenchError `bad_option` naming the option and what is allowed */
export function planLoad(request: LoadRequest): LoadPlan {
  const preset = findPreset(request.preset ?? "small-team");
  if (request.users !== undefined && request.rate !== undefined)
    throw new BenchError("bad_option", "--users and --rate exclude each other: closed loop or open loop");
  if (request.responses !== undefined) requireResponses(request.responses, request.rate);
  const responseTokens = request.responseTokens ?? preset.responseTokens;
  requireNumber("--max-tokens", responseTokens, 1, 1_000_000);
  const durationMs = request.durationMs ?? preset.durationMs;
  requireNumber("--duration", durationMs, 1, 86_400_000);
  const warmupMs = request.warmupMs ?? preset.warmupMs;
  requireNumber("--warmup", warmupMs, 0, 86_400_000);
  const thinkMs = request.thinkMs ?? preset.thinkMs;
  requireNumber("--think", thinkMs, 0, 86_400_000);
  return {
    preset,
    loads: loadsOf(request, preset),
    warmupMs,
    durationMs,
    thinkMs,
    responseTokens,
    seed: request.seed ?? 1,
    slo: request.slo === undefined ? undefined : parseSlo(request.slo),
    timeoutMs: request.timeoutMs ?? 300_000,
    responses: request.responses,
    extra: {
      ...(request.ignoreEndOfText === true || preset.isFixedLength === true ? { ignore_eos: true } : {}),
      ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    },
  };
}

function loadsOf(request: LoadRequest, preset: Preset): readonly Load[] {
  if (request.rate !== undefined) {
    if (request.rate.length === 0) throw new BenchError("bad_option", "--rate names no rate");
    for (const perSecond of request.rate) requireNumber("--rate", perSecond, 0.001, 100_000);
    return request.rate.map((perSecond) => ({ perSecond }));
  }
  const users = request.users ?? preset.users;
  if (users.length === 0) throw new BenchError("bad_option", "--users names no number of users");
  for (const count of users) {
    requireNumber("--users", count, 1, MOST_USERS);
    if (!Number.isInteger(count)) throw new BenchError("bad_option", `--users: ${count} is no whole number`);
  }
  return users.map((count) => ({ users: count }));
}

function requireResponses(responses: number, rate: LoadRequest["rate"]): void {
  requireNumber("--responses", responses, 1, 1_000_000);
  if (!Number.isInteger(responses)) throw new BenchError("bad_option", `--responses: ${responses} is no whole number`);
  if (rate !== undefined)
    throw new BenchError("bad_option", "--responses and --rate exclude each other: arrivals have windows by the clock");
}

function requireNumber(option: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new BenchError("bad_option", `${option}: ${value} is not between ${least} and ${most}`);
}
