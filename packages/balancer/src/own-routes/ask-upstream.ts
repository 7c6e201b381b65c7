import http from "node:http";
import type { Clock } from "@drover/foundation/clock";
import type { Upstream } from "../pool/upstream.ts";

/** How long a worker may take to answer a question that needs no slot. */
const patienceMs = 1000;
const mostBytes = 1_048_576;

/** The JSON that an upstream answers to a GET; undefined where it does not, in time and with 200. */
export function askUpstream(upstream: Upstream, path: string, clock: Clock): Promise<unknown> {
  const { address, secret } = upstream;
  const where = address.kind === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port };
  const headers = secret === undefined ? {} : { "x-drover-secret": secret };
  return new Promise((resolve) => {
    const request = http.get({ ...where, path, headers, agent: false });
    const stop = clock.after(patienceMs, () => request.destroy());
    request.once("close", stop);
    request.once("error", () => resolve(undefined));
    request.once("response", (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        body += part;
        if (body.length > mostBytes) request.destroy();
      });
      answer.once("error", () => resolve(undefined));
      answer.once("end", () => resolve(answer.statusCode === 200 ? parsed(body) : undefined));
    });
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
