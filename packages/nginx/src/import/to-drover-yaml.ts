import { bracketed } from "@drover/foundation/network/addresses";
import type { LoadedNginxConfig } from "../load.ts";
import { NginxLossError } from "../errors.ts";
import type { LocationModel, NginxModel, UpstreamServerModel } from "../model/model.ts";
import { toPath } from "../system-error.ts";
import { findLosses, type Loss } from "./losses.ts";
import { type MainRoute, mainRoute } from "./main-route.ts";
import { isStartable, workersOf } from "./import-workers.ts";

export interface ImportOptions {
  /** Named at the head of the file. */
  readonly source: string;
  /** Starts the servers of the group as workers: `python app.py --port {port} --n_threads {threads}`. */
  readonly command?: string;
  /** Whether guards of access, TLS and routing may be lost. */
  readonly allowLoss: boolean;
}

/**
 * Writes the `drover.yaml` that does what an nginx configuration does for its main group of servers. Whatever has no equal there is a
 * comment that names file and line, so that nothing is lost unseen.
 * @throws NginxLossError for guards of access, TLS and routing that have no equal, and for directives that Drover does not know, unless `allowLoss`
 */
export function toDroverYaml(
  { model, parsed }: LoadedNginxConfig,
  { source, command, allowLoss }: ImportOptions,
): string {
  const main = mainRoute(model);
  const losses = findLosses(parsed, main);
  if (!allowLoss) refuseGuards(losses, source);
  const lines = [
    `# Made from ${source} by \`drover import nginx\`. \`drover check --config FILE\` checks it; \`drover balance --config FILE\` runs it,`,
    "# or `drover up --config FILE` where workers.command starts the servers.",
    ...listenLines(model, main),
    ...(main === undefined ? [] : settingLines(main.location)),
    "",
    ...(main === undefined
      ? ["# No location passes requests on: there is nothing to balance."]
      : [...groupLines(main, command), ...workersOf(main.group, command)]),
    ...logLines(main?.location, model),
    ...lossLines(losses, source),
  ];
  return `${lines.join("\n")}\n`;
}

function refuseGuards(losses: readonly Loss[], source: string): void {
  const guards = losses.filter(({ guard }) => guard !== undefined);
  if (guards.length === 0) return;
  const lines = guards.map(({ position, text, guard }) => `  ${position.file}:${position.line}: ${text} (${guard})`);
  throw new NginxLossError(
    [
      `these lines of ${source} guard access, TLS or routing, or nobody here knows what they do, and drover.yaml has no equal of them:`,
      ...lines,
      "`drover balance --nginx-conf` honours what it can of the file; --allow-loss writes drover.yaml without these lines.",
    ].join("\n"),
  );
}

function listenLines(model: NginxModel, main: MainRoute | undefined): string[] {
  const listeners = main?.listeners ?? model.listeners.filter(({ otherwise }) => !otherwise.tls);
  const listen = `listen: ${quoted(listeners.map(({ label }) => label).join(","))}`;
  if (listeners.length === 0) return ["# listen: (no address without TLS is left)"];
  const [pair] = listeners[0]?.otherwise.tls === true ? (main?.server.tls?.certificates ?? []) : [];
  if (pair === undefined) return [listen];
  const { certificate, key } = pair;
  return [listen, "tls:", `  certificate: ${quoted(toPath(certificate))}`, `  key: ${quoted(toPath(key))}`];
}

function settingLines({ settings }: LocationModel): string[] {
  const bytes = settings.maxBodyBytes;
  return [
    bytes === 0
      ? "# client_max_body_size 0: give the largest body you expect\nmaxBody: 1GiB"
      : `maxBody: ${sizeWord(bytes)}`,
  ];
}

function sizeWord(bytes: number): string {
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20}MiB`;
  return bytes % 2 ** 10 === 0 ? `${bytes / 2 ** 10}KiB` : `${bytes}B`;
}

function durationWord(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

const policies: Readonly<Record<string, { readonly name: string; readonly note?: string }>> = {
  random: { name: "random_two", note: "nginx's `random` of one; the better of two is taken here" },
  consistent_hash: { name: "hash", note: "the key of nginx's `hash` has no setting" },
  hash: { name: "hash", note: "the key of nginx's `hash` has no setting" },
};

function groupLines({ group, location, scheme }: MainRoute, command: string | undefined): string[] {
  const { name, policy, servers, keepalive } = group;
  const chosen = policies[policy] ?? { name: policy };
  const { connectTimeoutMs, readTimeoutMs } = location.settings.proxy;
  return [
    `# upstream ${name}`,
    "balancer:",
    ...(chosen.note === undefined ? [] : [`  # ${chosen.note}`]),
    `  policy: ${chosen.name}`,
    `  connectTimeout: ${durationWord(connectTimeoutMs)}`,
    `  readTimeout: ${durationWord(readTimeoutMs)}`,
    ...(keepalive === undefined
      ? ["  # connections to the servers are kept here; nginx closed each after its request"]
      : []),
    ...(command !== undefined && isStartable(group)
      ? []
      : ["  upstreams:", ...servers.map((server) => `    - ${quoted(upstreamLine(server, scheme))}`)]),
  ];
}

/** An entry of `balancer.upstreams`: an address with nginx's parameters where they are not the defaults. */
function upstreamLine({ address, ...rest }: UpstreamServerModel, scheme: "http" | "https"): string {
  const origin =
    address.kind === "unix"
      ? `unix:${address.path}`
      : `${scheme}://${address.kind === "name" ? address.name : bracketed(address.host)}:${address.port}`;
  const words = [
    rest.weight === 1 ? "" : `weight=${rest.weight}`,
    rest.maxConns === 0 ? "" : `max_conns=${rest.maxConns}`,
    rest.maxFails === 1 ? "" : `max_fails=${rest.maxFails}`,
    rest.failTimeoutMs === 10_000 ? "" : `fail_timeout=${rest.failTimeoutMs}ms`,
    rest.slowStartMs === 0 ? "" : `slow_start=${rest.slowStartMs}ms`,
    rest.backup ? "backup" : "",
    rest.down ? "down" : "",
  ];
  return [origin, ...words.filter((word) => word !== "")].join(" ");
}

function logLines(location: LocationModel | undefined, model: NginxModel): string[] {
  const isLogged = (location?.settings.accessLogs.length ?? 0) > 0;
  const graceMs = model.process.shutdownTimeoutMs;
  return [
    "",
    "log:",
    `  access: ${isLogged ? "combined" : "off"}`,
    ...(graceMs === 0 ? [] : ["supervision:", `  drainTimeout: ${graceMs}ms`]),
  ];
}

function lossLines(losses: readonly Loss[], source: string): string[] {
  const line = ({ position, text, guard }: Loss): string => {
    const where = position.file === source ? `line ${position.line}` : `${position.file}:${position.line}`;
    return `# ${where}: ${text}${guard === undefined ? "" : ` (${guard})`}`;
  };
  const section = (title: string, rows: readonly Loss[]): string[] =>
    rows.length === 0 ? [] : ["", title, ...rows.map(line)];
  return [
    ...section(
      "# LOST: these guarded access, TLS or routing, or are unknown to Drover, and have no equal in drover.yaml:",
      losses.filter(({ guard }) => guard !== undefined),
    ),
    ...section(
      "# These have no equal in drover.yaml (`drover balance --nginx-conf` honours what it can):",
      losses.filter(({ guard }) => guard === undefined),
    ),
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
