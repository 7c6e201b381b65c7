import { systemClock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";

/** A whole number from a server's /metrics; NaN where it has none of that name. */
export async function metricOf(url: string, name: string): Promise<number> {
  const response = await httpGet(`${url}/metrics`, { clock: systemClock });
  if (!response.responded) throw new Error(`${url}/metrics: ${response.reason}`);
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, "m").exec(response.body)?.[1]);
}
