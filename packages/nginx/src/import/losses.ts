import type { ConfigPosition } from "../errors.ts";
import type { Directive, ParsedConfig, RefusedDirective } from "../read/parse.ts";
import type { MainRoute } from "./main-route.ts";

/** What a directive without an equal guarded; one of a module that Drover does not know may guard anything. */
export type Guard = "access" | "TLS" | "routing" | "unknown";

/** A directive that `drover.yaml` has no equal of; with a guard, it must not be lost unseen. */
export interface Loss {
  readonly position: ConfigPosition;
  readonly text: string;
  readonly guard: Guard | undefined;
}

/** All that has no equal, in the order of the files. */
export function findLosses({ directives, refused }: ParsedConfig, main: MainRoute | undefined): readonly Loss[] {
  const losses: Loss[] = [];
  const visit = (inner: readonly Directive[], server: Directive | undefined): void => {
    for (const directive of inner) {
      const { name, block = [] } = directive;
      const isOther = name === "upstream" && directive.args[0] !== main?.group.name;
      if (!hasEqual(directive, server, main)) losses.push(lossOf(directive, inner));
      if (!isOther) visit(block, name === "server" ? directive : server);
    }
  };
  visit(directives, undefined);
  losses.push(...refused.map((one) => ({ ...lossOf(one.directive), guard: guardOfRefused(one) })));
  return losses.toSorted((a, b) => (a.position.file === b.position.file ? a.position.line - b.position.line : 0));
}

/** What the file itself says, or what cannot matter: the structure, and all that is ignored anyway. */
const said = new Set(
  `http events server location upstream listen proxy_pass least_conn ip_hash hash random keepalive keepalive_requests keepalive_timeout keepalive_time
   client_max_body_size proxy_connect_timeout proxy_read_timeout access_log error_log worker_shutdown_timeout pid daemon master_process user types
   default_type log_format proxy_http_version`.split(/\s+/),
);

function hasEqual(directive: Directive, server: Directive | undefined, main: MainRoute | undefined): boolean {
  const { name, args, position, block = [] } = directive;
  const isMainServer = server?.position === main?.server.position;
  switch (name) {
    case "server":
      // Of an upstream, where it has no block.
      return directive.block === undefined || position === main?.server.position;
    case "upstream":
      return args[0] === main?.group.name;
    case "location":
      return isMainServer && args.join(" ") === "/" && block.some((inner) => isMainPass(inner, main));
    case "proxy_pass":
      return isMainServer && isMainPass(directive, main);
    case "listen":
      return !isMainServer || args.includes("ssl") === (main?.listeners[0]?.otherwise.tls ?? false);
    case "ssl_certificate":
    case "ssl_certificate_key":
      return isMainServer && main?.server.tls?.certificates.length === 1;
    case "ssl_protocols":
      return !args.some((version) => /^(?:SSLv|TLSv1(?:\.1)?$)/.test(version));
    default:
      return said.has(name);
  }
}

function isMainPass({ name, args }: Directive, main: MainRoute | undefined): boolean {
  if (main === undefined || name !== "proxy_pass") return false;
  const { proxy } = main.location;
  return proxy?.kind === "fixed" && proxy.uri === undefined && args[0] === `${main.scheme}://${proxy.target.authority}`;
}

function lossOf(directive: Directive, siblings: readonly Directive[] = []): Loss {
  const { name, args, position } = directive;
  const text = [name, ...args].join(" ").replaceAll(/\s+/g, " ").slice(0, 160);
  return { position, text, guard: guardOf(directive, siblings) };
}

const access = new Set(
  `allow deny satisfy limit_except auth_basic auth_basic_user_file auth_request auth_jwt geo limit_req limit_req_zone limit_conn
   limit_conn_zone secure_link secure_link_md5 secure_link_secret valid_referers ssl_verify_client ssl_client_certificate ssl_crl
   ssl_trusted_certificate ssl_reject_handshake set_real_ip_from real_ip_header`.split(/\s+/),
);

const routing = new Set(
  `server if proxy_pass rewrite try_files alias split_clients mirror sticky stream mail fastcgi_pass uwsgi_pass scgi_pass grpc_pass memcached_pass`.split(
    /\s+/,
  ),
);

function guardOf({ name, args, block = [] }: Directive, siblings: readonly Directive[] = []): Guard | undefined {
  if (access.has(name)) return "access";
  // Nobody from outside reaches such a location.
  if (name === "internal") return siblings.some(({ name }) => name === "proxy_pass") ? "access" : undefined;
  if (/^(?:proxy_)?ssl_/.test(name) && name !== "ssl_prefer_server_ciphers") return "TLS";
  if (name === "listen") return args.includes("ssl") ? "TLS" : "routing";
  if (name === "return") {
    if (/^4\d\d$/.test(args[0] ?? "")) return "access";
    return args.some((word) => word.includes("https://")) ? "TLS" : "routing";
  }
  if (routing.has(name)) return "routing";
  // One that only holds error pages guards nothing.
  if (name === "location") return block.some((inner) => guardOf(inner, block) !== undefined) ? "routing" : undefined;
  return undefined;
}

/** A server, a location or the files of one were left out, so their requests would go elsewhere. */
function guardOfRefused({ directive, isUnknown }: RefusedDirective): Guard | undefined {
  if (directive.name === "location" || directive.name === "server" || directive.name === "root") return "routing";
  return guardOf(directive) ?? (isUnknown === true ? "unknown" : undefined);
}
