import type { BalancerOptions } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { systemClock } from "@drover/foundation/clock";
import { systemRandom } from "@drover/foundation/randomness";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { createRegistry } from "../metrics/process-metrics.ts";
import { observeVllmRequests } from "../metrics/vllm-requests.ts";
import { openTracing } from "../traces/open-tracing.ts";
import type { OtlpTracing } from "../traces/otlp-tracing.ts";

/** What a balancer is made of, whosever its upstreams are. */
export async function openBalancerOptions(
  settings: Settings,
  logger: Logger,
): Promise<BalancerOptions & { readonly registry: Registry; readonly tracing?: OtlpTracing }> {
  const registry = createRegistry();
  const tracing = await openTracing(settings, logger);
  return {
    settings,
    logger,
    clock: systemClock,
    random: systemRandom,
    registry,
    ...(settings.metrics.compat === "vllm" ? { onRecord: observeVllmRequests(registry) } : {}),
    ...(tracing === undefined ? {} : { tracing }),
  };
}
