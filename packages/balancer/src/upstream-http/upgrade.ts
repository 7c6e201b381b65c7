import http from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { Clock } from "@drover/foundation/clock";
import type { PickState } from "../policies/policy.ts";
import type { Lease } from "../pool/lease.ts";
import type { Upstream } from "../pool/upstream.ts";
import type { RawHeaders } from "../request/forward-task.ts";
import { loadHttpProxy } from "./quiet-http-proxy.ts";
import { mayRetry, type RetryRule } from "../request/retry-rule.ts";

/** A request for another protocol (WebSocket), as the server's `upgrade` event gives it. */
export interface UpgradeTask {
  readonly request: http.IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: string;
  /** As sent to the upstream, `connection` and `upgrade` included. */
  readonly headers: RawHeaders;
  readonly pick: PickState;
  acquire(pick: PickState): Promise<Lease | undefined> | Lease | undefined;
  readonly retry: RetryRule;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly verifyTls: boolean;
}

/**
 * - `switched`: an upstream answered, with 101 or this status, and the connection has ended since.
 * - `client-gone`: the client left before that.
 * - `failed`: no upstream could be connected to; nothing was sent to the client.
 */
export type UpgradeOutcome =
  | { readonly kind: "switched"; readonly status: number; readonly upstream: string }
  | { readonly kind: "client-gone" }
  | { readonly kind: "failed"; readonly reason: string };

/** Finds an upstream that takes the connection, and lets http-proxy join the two. The lease is held until the client's connection ends. */
export async function forwardUpgrade(task: UpgradeTask): Promise<UpgradeOutcome> {
  const startedAtMs = task.clock.monotonicMs();
  let reason = "no live upstreams";
  while (true) {
    const lease = await task.acquire(task.pick);
    if (task.socket.destroyed) {
      lease?.release("unused");
      return { kind: "client-gone" };
    }
    if (lease === undefined) return { kind: "failed", reason };
    const upstreamSocket = await connectTo(lease.upstream, task);
    if (upstreamSocket instanceof Error) {
      reason = upstreamSocket.message;
      lease.upstream.lastFailure = reason;
      lease.release("failed");
      const elapsedMs = task.clock.monotonicMs() - startedAtMs;
      const { triesLeft } = task.pick;
      const { owned } = lease.upstream;
      const state = {
        method: "GET",
        requestSent: false,
        replayable: true,
        triesLeft: owned ? 1 : triesLeft,
        elapsedMs,
        owned,
      };
      if (mayRetry(task.retry, "error", state)) continue;
      return { kind: "failed", reason };
    }
    // It may have left meanwhile: its end would not be heard of again, and the place be held for ever.
    if (task.socket.destroyed) {
      upstreamSocket.destroy();
      lease.release("ok");
      return { kind: "client-gone" };
    }
    try {
      const status = await join(task, lease.upstream, upstreamSocket);
      return { kind: "switched", status, upstream: lease.upstream.id };
    } finally {
      lease.release("ok");
    }
  }
}

function connectTo(upstream: Upstream, task: UpgradeTask): Promise<net.Socket | Error> {
  const { address } = upstream;
  const where = address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
  return new Promise((resolve) => {
    const socket = address.tls ? tls.connect({ ...where, rejectUnauthorized: task.verifyTls }) : net.connect(where);
    const settle = (result: net.Socket | Error): void => {
      socket.removeAllListeners();
      socket.setTimeout(0);
      if (result instanceof Error) socket.destroy();
      resolve(result);
    };
    socket.once(address.tls ? "secureConnect" : "connect", () => settle(socket));
    socket.once("error", settle);
    socket.setTimeout(task.connectTimeoutMs, () =>
      settle(new Error(`no connection within ${task.connectTimeoutMs} ms`)),
    );
  });
}

/** Resolves when the client's connection has ended, with the status of the answer. */
function join(task: UpgradeTask, upstream: Upstream, upstreamSocket: net.Socket): Promise<number> {
  let status = 502;
  const agent = new http.Agent();
  Object.assign(agent, { createConnection: () => upstreamSocket });
  const proxy = loadHttpProxy().createProxyServer({});
  proxy.on("proxyReqWs", (outgoing) => {
    outgoing.prependListener("upgrade", () => (status = 101));
    outgoing.prependListener("response", (answer) => {
      status = answer.statusCode ?? status;
      endByClosing(answer);
    });
  });
  return new Promise((resolve) => {
    task.socket.once("close", () => {
      upstreamSocket.destroy();
      resolve(status);
    });
    // Without it the default of the server would be an uncaught error.
    task.socket.on("error", () => task.socket.destroy());
    const target = upstream.address.kind === "tcp" ? upstream.address : { host: "localhost", port: 80 };
    const options = {
      target: { host: target.host, port: String(target.port), protocol: "http:" },
      agent,
      toProxy: true,
    };
    proxy.ws(requestFor(task), task.socket, task.head, options, () => {
      if (task.socket.writable) task.socket.write(badGateway);
    });
  });
}

const badGateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/** http-proxy relays a refusal's head as it is, but its body unframed: the end of the connection must be its end. */
function endByClosing(answer: http.IncomingMessage): void {
  delete answer.headers["transfer-encoding"];
  delete answer.headers["content-length"];
  answer.headers.connection = "close";
}

/** The client's request with the target and the fields that the upstream is to see. */
function requestFor(task: UpgradeTask): http.IncomingMessage {
  const headers: Record<string, string> = {};
  for (let index = 0; index < task.headers.length; index += 2) {
    headers[task.headers[index] ?? ""] = task.headers[index + 1] ?? "";
  }
  return Object.create(task.request, {
    headers: { value: headers },
    url: { value: task.target },
  }) as http.IncomingMessage;
}
