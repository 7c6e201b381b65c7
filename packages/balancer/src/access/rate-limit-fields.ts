import type { KeyLimitRules } from "../request/client-request.ts";
import type { Measure, UsageWindow } from "./usage-window.ts";

/**
 * The fields by which OpenAI tells clients how far they are from their limits, of the limits there are. Of the two on tokens it is the one that is closer
 * to its end. Source: https://platform.openai.com/docs/guides/rate-limits ("Rate limits in headers").
 */
export function rateLimitFields(
  rules: KeyLimitRules,
  windows: Readonly<Record<Measure, UsageWindow>>,
  owner: string,
): readonly string[] {
  if (rules.requestsPerMinute + rules.tokensPerMinute + rules.tokensPerDay === 0) return [];
  const left = (measure: Measure) => Math.max(0, Math.floor(rules[measure] - windows[measure].used(owner)));
  const fieldsOf = (unit: string, measure: Measure) => {
    const fields = {
      limit: String(rules[measure]),
      remaining: String(left(measure)),
      reset: goDuration(windows[measure].resetMs(owner)),
    };
    return Object.entries(fields).flatMap(([name, value]) => [`x-ratelimit-${name}-${unit}`, value]);
  };
  const limited = (measures: readonly Measure[]) => measures.filter((measure) => rules[measure] > 0);
  const [requests] = limited(["requestsPerMinute"]);
  const [tokens] = limited(["tokensPerMinute", "tokensPerDay"]).toSorted((one, other) => left(one) - left(other));
  return [
    ...(requests === undefined ? [] : fieldsOf("requests", requests)),
    ...(tokens === undefined ? [] : fieldsOf("tokens", tokens)),
  ];
}

/** As Go writes one, and so OpenAI: `17ms`, `6s`, `6m0s`, `23h59m59s`. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = [hours > 0 ? `${hours}h` : "", seconds >= 60 ? `${minutes}m` : "", `${seconds % 60}s`];
  return parts.join("");
}
