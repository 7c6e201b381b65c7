import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandLine } from "../../servers/die-with-parent.ts";
import { freePort } from "../../servers/free-port.ts";
import { bin } from "./drover.ts";
import { type MeasuredServer, scratch, startServer } from "./session.ts";

/** On a machine with two CPUs: the proxy on the first, upstream and load generator on the second. */
function pin(cpu: number, args: readonly string[]): CommandLine {
  return { file: "taskset", args: ["-c", String(cpu), ...args] };
}

function beside(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

export async function startUpstream(): Promise<MeasuredServer> {
  const port = await freePort();
  return startServer("the upstream", port, pin(1, [process.execPath, beside("quick-upstream.js"), String(port)]));
}

/** How each proxy is started before `target`, with a folder for its files. */
const starters = {
  drover(target: string, port: number, folder: string): CommandLine {
    const listen = ["--listen", `127.0.0.1:${port}`, "--upstream", target];
    const args = ["balance", ...listen, "--access-log", "json", "--queue-limit", "5000"];
    // Its access log goes to a file, as a service's does.
    const script = `exec "$0" "$@" >${folder}/drover.log 2>&1`;
    return pin(0, ["sh", "-c", script, process.execPath, bin, ...args]);
  },
  "http-proxy"(target: string, port: number): CommandLine {
    return pin(0, [process.execPath, beside("bare-http-proxy.js"), String(port), target]);
  },
  nginx(target: string, port: number, folder: string): CommandLine {
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(" ");
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events { worker_connections 20000; }
http { access_log ${folder}/access.log; ${paths} keepalive_requests 1000000;
upstream u { least_conn; server ${hostOf(target)}; keepalive 256; keepalive_requests 1000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }`,
    );
    return pin(0, ["/usr/sbin/nginx", "-c", join(folder, "nginx.conf")]);
  },
  haproxy(target: string, port: number, folder: string): CommandLine {
    writeFileSync(
      join(folder, "haproxy.cfg"),
      `global\n nbthread 1\n maxconn 4096\ndefaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n option http-keep-alive\n http-reuse always
frontend f\n bind 127.0.0.1:${port}\n default_backend b\nbackend b\n balance leastconn\n server a ${hostOf(target)}\n`,
    );
    return pin(0, ["/usr/sbin/haproxy", "-db", "-f", join(folder, "haproxy.cfg")]);
  },
};

export type ProxyName = keyof typeof starters;

/** Drover first: the others are what it is compared with. */
export const proxyNames: readonly ProxyName[] = ["drover", "http-proxy", "nginx", "haproxy"];

/** Starts one of {@link proxyNames} before `upstream`, which may have nginx's parameters behind its address. */
export async function startProxy(name: ProxyName, upstream: string): Promise<MeasuredServer> {
  const folder = mkdtempSync(join(scratch, "proxy-"));
  const port = await freePort();
  const server = await startServer(name, port, starters[name](upstream, port, folder));
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...server, stop };
}

/**
 * Measures every proxy in every round, each round beginning with another one, so that a machine that slows down favours none.
 * @returns by name, what each round has seen
 */
export async function measureProxies<T>(
  rounds: number,
  upstream: string,
  measure: (proxy: MeasuredServer) => Promise<T>,
): Promise<Readonly<Record<ProxyName, readonly T[]>>> {
  const seen: Record<ProxyName, T[]> = { drover: [], "http-proxy": [], nginx: [], haproxy: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of [...proxyNames.slice(round % 4), ...proxyNames.slice(0, round % 4)]) {
      const proxy = await startProxy(name, upstream);
      seen[name].push(await measure(proxy));
      await proxy.stop();
    }
  }
  return seen;
}

/** Drover's figure over another proxy's, within each round. */
export function ratiosWithin<T>(ours: readonly T[], theirs: readonly T[], of: (one: T) => number): readonly number[] {
  return ours.flatMap((one, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [of(one) / of(other)];
  });
}

/** CPU time of a process so far, in milliseconds (user and system; clock ticks are 10 ms). */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory in bytes. */
export function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

function hostOf(target: string): string {
  return new URL(target).host;
}
