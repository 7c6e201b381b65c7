import { once } from "node:events";
import { createServer } from "node:http";
import { messageOf } from "@drover/foundation/error-text";
import type { RunningNginx } from "@drover/nginx";
import { SupervisorError } from "@drover/supervisor/errors";

/**
 * Serves `/metrics` of what an nginx configuration runs, on a port of its own: all others belong to the configuration.
 * @returns what closes it
 * @throws SupervisorError `usage`, `listen_failed`
 */
export async function openMetricsPort(address: string, running: () => RunningNginx | undefined): Promise<() => void> {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(address) ?? [];
  if (port === undefined) throw new SupervisorError("usage", `--metrics-listen ${address}: give HOST:PORT`);
  const server = createServer((request, response) => {
    const metrics = running()?.server.metrics;
    if (request.url !== "/metrics") response.writeHead(404).end("only /metrics is here\n");
    else if (metrics === undefined) response.writeHead(503).end("it is not serving yet\n");
    else {
      response.setHeader("content-type", metrics.contentType);
      void metrics.render().then((text) => response.end(text));
    }
  });
  server.listen(Number(port), host ?? "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new SupervisorError("listen_failed", `--metrics-listen ${address}: ${messageOf(cause)}`, { cause });
  }
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
