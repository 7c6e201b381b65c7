import { SECRET_HEADER } from "@drover/contract/headers";
import { systemClock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";

/**
 * Asks a worker that takes no traffic yet, on its own port, for one real token. Never rejects.
 * @returns undefined: it is well; else what it did instead
 */
export async function askCanary(worker: {
  readonly port: number;
  readonly secret: string;
  readonly model: string;
  readonly timeoutMs: number;
}): Promise<string | undefined> {
  const { port, secret, model, timeoutMs } = worker;
  const result = await httpGet(
    { host: "127.0.0.1", port },
    {
      path: "/v1/completions",
      post: JSON.stringify({ model, prompt: "Hello", max_tokens: 1 }),
      headers: { "content-type": "application/json", [SECRET_HEADER]: secret },
      timeoutMs,
      clock: systemClock,
    },
  );
  if (!result.responded) return result.reason;
  return result.status === 200 ? undefined : `it responded with ${result.status} to a first request`;
}
