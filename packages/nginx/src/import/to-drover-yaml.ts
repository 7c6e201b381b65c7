import type { LoadedNginxConfig } from "../load.ts";
import type { LocationModel, NginxModel, UpstreamGroupModel, UpstreamServerModel } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { isStartable, workersOf } from "./import-workers.ts";

export interface ImportOptions {
  /** Named at the head of the file. */
  readonly source: string;
  /** Starts the servers of the group as workers: `python app.py --port {port} --n_threads {threads}`. */
  readonly command?: string;
}

/**
 * Writes the `drover.yaml` that does what an nginx configuration does for its main group of servers. Whatever has no equal there is a
 * comment that names file and line, so that nothing is lost unseen.
 */
export function toDroverYaml({ model, parsed }: LoadedNginxConfig, { source, command }: ImportOptions): string {
  const main = mainLocation(model);
  const group = main?.group;
  const lines = [
    `# Made from ${source} by \`drover import nginx\`. \`drover check --config FILE\` checks it; \`drover balance --config FILE\` runs it,`,
    "# or `drover up --config FILE` where workers.command starts the servers.",
    ...listenLines(model),
    ...settingLines(main?.location),
    "",
    ...(group === undefined
      ? ["# No location passes requests on: there is nothing to balance."]
      : groupLines(group, main, command)),
    ...(group === undefined ? [] : workersOf(group, command)),
    ...logLines(main?.location, model),
    ...withoutEqual(parsed.directives, group, source),
  ];
  return `${lines.join("\n")}\n`;
}

interface MainLocation {
  readonly location: LocationModel;
  readonly group: UpstreamGroupModel;
}

/** The location that passes requests on to the largest group, `/` before others. */
function mainLocation(model: NginxModel): MainLocation | undefined {
  const found: MainLocation[] = [];
  for (const { otherwise } of model.listeners) {
    for (const server of otherwise.servers) {
      for (const { value } of server.locations) {
        const key = value.proxy?.kind === "fixed" ? value.proxy.target.group : undefined;
        const group = key === undefined ? undefined : model.upstreams.get(key);
        if (group !== undefined) found.push({ location: value, group });
      }
    }
  }
  const rank = ({ location, group }: MainLocation): number =>
    group.servers.length * 2 + (location.name === "/" ? 1 : 0);
  return found.toSorted((a, b) => rank(b) - rank(a))[0];
}

function listenLines(model: NginxModel): string[] {
  const plain = model.listeners.filter(({ otherwise }) => !otherwise.tls).map(({ label }) => label);
  const tls = model.listeners.filter(({ otherwise }) => otherwise.tls).map(({ label }) => label);
  return [
    plain.length > 0 ? `listen: ${quoted(plain.join(","))}` : "# listen: (only TLS addresses were configured)",
    ...tls.map((label) => `# listen ${label} ssl: see the TLS settings in docs/configuration.md`),
  ];
}

function settingLines(location: LocationModel | undefined): string[] {
  const bytes = location?.settings.maxBodyBytes;
  if (bytes === undefined) return [];
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

function groupLines(group: UpstreamGroupModel, main: MainLocation | undefined, command: string | undefined): string[] {
  const { name, policy, servers, keepalive } = group;
  const chosen = policies[policy] ?? { name: policy };
  const proxy = main?.location.settings.proxy;
  return [
    `# upstream ${name}`,
    "balancer:",
    ...(chosen.note === undefined ? [] : [`  # ${chosen.note}`]),
    `  policy: ${chosen.name}`,
    ...(proxy === undefined
      ? []
      : [
          `  connectTimeout: ${durationWord(proxy.connectTimeoutMs)}`,
          `  readTimeout: ${durationWord(proxy.readTimeoutMs)}`,
        ]),
    ...(keepalive === undefined
      ? ["  # connections to the servers are kept here; nginx closed each after its request"]
      : []),
    ...(command !== undefined && isStartable(group)
      ? []
      : ["  upstreams:", ...servers.map((server) => `    - ${quoted(upstreamLine(server))}`)]),
  ];
}

/** An entry of `balancer.upstreams`: an address with nginx's words where they are not the defaults. */
function upstreamLine({ address, written, ...rest }: UpstreamServerModel): string {
  const origin =
    address.kind === "unix"
      ? written
      : `http://${address.kind === "name" ? address.name : bracketed(address.host)}:${address.port}`;
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

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
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

/** What the lines above say, or what cannot matter: the structure, and all that is ignored anyway. */
const said = new Set(
  `http events server location upstream listen proxy_pass least_conn ip_hash hash random keepalive keepalive_requests keepalive_timeout keepalive_time
   client_max_body_size proxy_connect_timeout proxy_read_timeout access_log error_log worker_shutdown_timeout pid daemon master_process user types
   default_type log_format proxy_http_version`
    .trim()
    .split(/\s+/),
);

function withoutEqual(
  directives: readonly Directive[],
  group: UpstreamGroupModel | undefined,
  source: string,
): string[] {
  const lines: string[] = [];
  const visit = (inner: readonly Directive[]): void => {
    for (const { name, args, place, block } of inner) {
      const isOther =
        (name === "upstream" && args[0] !== group?.name) ||
        (name === "location" && args.join(" ") !== "/") ||
        (name === "proxy_pass" && args[0] !== `http://${group?.name ?? ""}`);
      if (!said.has(name) || isOther) {
        const where = place.file === source ? `line ${place.line}` : `${place.file}:${place.line}`;
        lines.push(`# ${where}: ${[name, ...args].join(" ").replaceAll(/\s+/g, " ").slice(0, 160)}`);
      }
      if (name !== "upstream" || !isOther) visit(block ?? []);
    }
  };
  visit(directives);
  if (lines.length === 0) return [];
  return [
    "",
    "# These have no equal in drover.yaml (`drover balance --nginx-conf` honours them as they are):",
    ...lines,
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
