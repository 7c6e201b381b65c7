import { systemClock } from "@drover/foundation/clock";
import { jsonOf } from "@drover/foundation/json-text";
import { httpGet } from "@drover/foundation/network/http-get";
import { BenchError } from "../errors.ts";
import { startDrover } from "../servers/drover-server.ts";
import type { SideOptions } from "./choose-sides.ts";
import type { DroverLayout } from "./side.ts";

/**
 * Starts Drover once and asks it how it has laid itself out, so that the other sides can have the same.
 * @throws BenchError `server_failed`
 */
export async function readLayout({ bin, workerArgs, upArgs, apiKey, signal }: SideOptions): Promise<DroverLayout> {
  const drover = await startDrover({ bin, args: [...workerArgs, ...upArgs], signal });
  try {
    const workers = (await drover.workers()).map(({ cpus, slots }) => ({ cpus, slots: slots.total }));
    return { workers, contextTokens: await contextOf(drover.url, apiKey) };
  } finally {
    await drover.stop();
  }
}

async function contextOf(url: string, apiKey: string | undefined): Promise<number> {
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const response = await httpGet(`${url}/props`, { headers, timeoutMs: 10_000, clock: systemClock });
  const props = response.responded ? jsonOf(response.body) : undefined;
  const tokens = (props as { default_generation_settings?: { n_ctx?: unknown } } | undefined)
    ?.default_generation_settings?.n_ctx;
  if (typeof tokens === "number") return tokens;
  const why = response.responded ? `HTTP ${response.status}` : response.reason;
  throw new BenchError("server_failed", `Drover does not say how large its context is (${why})`);
}
