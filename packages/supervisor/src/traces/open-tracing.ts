import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import type { OtlpTracing } from "./otlp-tracing.ts";

/** Where traces were asked for; the SDK is loaded only then. */
export async function openTracing({ traces }: Settings, logger: Logger): Promise<OtlpTracing | undefined> {
  if (traces.otlp === undefined) return undefined;
  const { openOtlpTracing } = await import("./otlp-tracing.ts");
  return openOtlpTracing(traces.otlp, logger);
}
