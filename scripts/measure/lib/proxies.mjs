// The proxies that the balancer is measured against, each pinned to one CPU in front of the same upstream.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startChildServer } from "@drover/bench";
import { systemClock } from "@drover/foundation/clock";
import { bin } from "./drover.mjs";
import { onInterrupt, scratch } from "./session.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const signal = new AbortController().signal;
// On a machine with two CPUs: the proxy on the first, upstream and load generator on the second.
const pin = (cpu, words) => ["taskset", ["-c", String(cpu), ...words]];

/** Starts the server and waits for its /health. */
async function start(name, port, [file, words]) {
  const readyUrl = `http://127.0.0.1:${port}/health`;
  const server = await startChildServer({
    name,
    file,
    words,
    readyUrl,
    readyTimeoutMs: 30_000,
    clock: systemClock,
    signal,
  });
  const forget = onInterrupt(() => server.stop());
  const stop = async () => {
    await server.stop();
    forget();
  };
  return { name, url: `http://127.0.0.1:${port}`, pid: server.pid, stop };
}

export async function startUpstream() {
  const port = await freePort();
  return start("the upstream", port, pin(1, [process.execPath, here("quick-upstream.mjs"), String(port)]));
}

const starters = {
  async drover(target, port, folder) {
    const words = [
      "balance",
      "--listen",
      `127.0.0.1:${port}`,
      "--upstream",
      target,
      "--access-log",
      "json",
      "--queue-limit",
      "5000",
    ];
    // Its access log goes to a file, as a service's does.
    const script = `exec "$0" "$@" >${folder}/drover.log 2>&1`;
    return pin(0, ["sh", "-c", script, process.execPath, bin, ...words]);
  },
  async "http-proxy"(target, port) {
    return pin(0, [process.execPath, here("bare-http-proxy.mjs"), String(port), target]);
  },
  async nginx(target, port, folder) {
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(" ");
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events { worker_connections 20000; }
http { access_log ${folder}/access.log; ${paths} keepalive_requests 1000000;
upstream u { least_conn; server ${new URL(target).host}; keepalive 256; keepalive_requests 1000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }`,
    );
    return pin(0, ["/usr/sbin/nginx", "-c", join(folder, "nginx.conf")]);
  },
  async haproxy(target, port, folder) {
    writeFileSync(
      join(folder, "haproxy.cfg"),
      `global\n nbthread 1\n maxconn 4096\ndefaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n option http-keep-alive\n http-reuse always
frontend f\n bind 127.0.0.1:${port}\n default_backend b\nbackend b\n balance leastconn\n server a ${new URL(target).host}\n`,
    );
    return pin(0, ["/usr/sbin/haproxy", "-db", "-f", join(folder, "haproxy.cfg")]);
  },
};

export const proxyNames = Object.keys(starters);

/** Starts one of {@link proxyNames} before `target`; `stop` also removes its files. */
export async function startProxy(name, target) {
  const folder = mkdtempSync(join(scratch, "proxy-"));
  const port = await freePort();
  const server = await start(name, port, await starters[name](target, port, folder));
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...server, stop };
}

/** CPU time of a process so far, in milliseconds (user and system; clock ticks are 10 ms). */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory in bytes. */
export function rssBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}
