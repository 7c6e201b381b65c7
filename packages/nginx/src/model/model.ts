import type { HostRule, KeepaliveRule, PolicyName, RetryRule } from "@drover/balancer/engine";
import type { ConfigPosition } from "../errors.ts";
import type { LocationNode } from "./locations.ts";
import type { AccessRules } from "./access-rules.ts";
import type { ProxyUrl } from "./proxy-url.ts";
import type { IgnoredDirective } from "../read/parse.ts";
import type { NginxRegex } from "./regex.ts";
import type { ServerNames } from "./server-names.ts";
import type { Template } from "./template.ts";
import type { Getter, VariableSource } from "./variable-source.ts";

/** An nginx configuration as the runtime uses it: complete, inherited, checked. */
export interface NginxModel {
  readonly process: ProcessModel;
  readonly listeners: readonly ListenerModel[];
  readonly upstreams: ReadonlyMap<string, UpstreamGroupModel>;
  readonly ignored: readonly IgnoredDirective[];
  /** nginx's `[warn]` lines. */
  readonly warnings: readonly string[];
}

/** Directives of the main context. */
export interface ProcessModel {
  readonly daemon: boolean;
  /** Absolute. */
  readonly pidPath: string;
  readonly user: { readonly name: string; readonly group: string | undefined } | undefined;
  readonly errorLogs: readonly ErrorLogModel[];
  /** 0 waits for ever. */
  readonly shutdownTimeoutMs: number;
}

/** Which nginx the defaults are of: before 1.29.7 upstreams were spoken to by HTTP/1.0 without keepalive. */
export type NginxCompat = "1.22" | "1.29.7";

export interface ErrorLogModel {
  /** Absolute; undefined is standard error. */
  readonly path: string | undefined;
  readonly level: LogLevel;
}

export const logLevels = ["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"] as const;
export type LogLevel = (typeof logLevels)[number];

/** One socket to listen on. */
export interface ListenerModel {
  readonly address: ListenAddressModel;
  /** As nginx prints it: `0.0.0.0:80`, `[::]:80`, `unix:/run/x.sock`. */
  readonly label: string;
  readonly backlog: number | undefined;
  /** Servers of addresses that this socket takes in beside its own (`*:80` takes `127.0.0.1:80`). */
  readonly byLocalAddress: ReadonlyMap<string, AddressModel>;
  readonly otherwise: AddressModel;
}

export type ListenAddressModel =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly ipv6Only: boolean }
  | { readonly kind: "unix"; readonly path: string };

/** Servers that share one address and port. */
export interface AddressModel {
  readonly tls: boolean;
  readonly defaultServer: ServerModel;
  readonly servers: readonly ServerModel[];
  readonly names: ServerNames<ServerModel>;
}

export interface ServerModel {
  /** `$server_name`. */
  readonly name: string;
  readonly position: ConfigPosition;
  readonly settings: LocationSettings;
  readonly steps: readonly RewriteStep[];
  readonly locations: readonly LocationNode<LocationModel>[];
  readonly named: ReadonlyMap<string, LocationModel>;
  readonly headerTimeoutMs: number;
  readonly headerBuffers: { readonly firstBytes: number; readonly count: number; readonly sizeBytes: number };
  readonly maxHeaders: number;
  readonly hostRule: HostRule;
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
  readonly mergeSlashes: boolean;
  readonly tls: TlsModel | undefined;
}

export interface TlsModel {
  /** Files, absolute: certificate and key in pairs. */
  readonly certificates: readonly {
    readonly certificate: string;
    readonly key: string;
    readonly position: ConfigPosition;
  }[];
  readonly passwordFile: string | undefined;
  readonly protocols: { readonly min: TlsVersion; readonly max: TlsVersion };
  readonly ciphers: string | undefined;
  readonly preferServerCiphers: boolean;
  readonly rejectHandshake: boolean;
}

export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** Done in the order of the file, before a location is looked for (server) or its handler runs (location). */
export type RewriteStep =
  | { readonly kind: "set"; readonly name: string; readonly value: Template }
  | { readonly kind: "if"; readonly condition: Condition; readonly steps: readonly RewriteStep[] }
  | { readonly kind: "return"; readonly status: number; readonly text: Template | undefined };

export interface LocationModel {
  /** As written, without modifiers; what a URI of `proxy_pass` replaces. */
  readonly name: string;
  readonly settings: LocationSettings;
  readonly steps: readonly RewriteStep[];
  readonly internal: boolean;
  readonly proxy: ProxyPass | undefined;
}

/** What a location inherits from its server and that from http. */
export interface LocationSettings {
  readonly access: AccessRules;
  readonly gzip: GzipRules | undefined;
  readonly addHeaders: readonly AddHeader[];
  readonly errorPages: readonly ErrorPage[];
  readonly recursiveErrorPages: boolean;
  /** 0 is no limit. */
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  /** What of a body is held in memory; a larger one goes to a file in the folder, absolute. */
  readonly bodyBufferBytes: number;
  readonly bodyFolder: string;
  readonly sendTimeoutMs: number;
  /** 0 turns keepalive off. */
  readonly keepaliveTimeoutMs: number;
  readonly keepaliveHeaderSeconds: number | undefined;
  readonly keepaliveRequests: number;
  readonly keepaliveLifetimeMs: number;
  readonly accessLogs: readonly AccessLogModel[];
  readonly errorLogs: readonly ErrorLogModel[];
  readonly serverTokens: "on" | "off" | "build";
  readonly defaultType: string;
  readonly types: ReadonlyMap<string, string>;
  readonly msiePadding: boolean;
  readonly redirects: { readonly absolute: boolean; readonly port: boolean; readonly serverName: boolean };
  readonly resolver: ResolverModel | undefined;
  readonly proxy: ProxySettings;
}

/** When and how responses are compressed (`ngx_http_gzip_filter_module`). */
export interface GzipRules {
  readonly level: number;
  /** In lower case; `*` is any. */
  readonly types: ReadonlySet<string>;
  readonly fewestBytes: number;
  readonly httpVersion: "1.0" | "1.1";
  /** What lets the response to another proxy's request be compressed. */
  readonly proxied: ReadonlySet<string>;
  readonly vary: boolean;
  /** Of user agents that get nothing compressed. */
  readonly disabled: readonly NginxRegex[];
}

export interface AddHeader {
  readonly name: string;
  readonly value: Template;
  readonly always: boolean;
}

export interface ErrorPage {
  readonly statuses: readonly number[];
  /** `=200` responds with 200, `=` with the page's own status; undefined keeps the error's. */
  readonly overwrite: number | "page's own" | undefined;
  /** With `/` first it is a path, with `@` a named location; anything else is a URL to redirect to. */
  readonly target: Template;
}

export interface AccessLogModel {
  /** Absolute, or with variables in it. */
  readonly path: Template;
  readonly format: LogFormat;
  readonly condition: Template | undefined;
}

export interface LogFormat {
  readonly escape: "default" | "json" | "none";
  readonly pieces: readonly (string | Getter)[];
}

export interface ResolverModel {
  readonly servers: readonly string[];
  readonly validMs: number | undefined;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly timeoutMs: number;
}

export interface ProxySettings {
  readonly connectTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly retry: RetryRule;
  readonly setHeaders: readonly { readonly name: string; readonly value: Template }[];
  readonly hiddenHeaders: ReadonlySet<string>;
  readonly ignoredHeaders: ReadonlySet<string>;
  readonly httpVersion: "1.0" | "1.1";
  readonly method: Template | undefined;
  readonly passHeaders: boolean;
  readonly passBody: boolean;
  readonly body: Template | undefined;
  readonly bufferRequests: boolean;
  readonly interceptErrors: boolean;
  readonly ignoreClientAbort: boolean;
  readonly redirects: readonly ProxyRedirect[];
}

export type ProxyRedirect =
  | { readonly kind: "default" }
  | { readonly kind: "prefix"; readonly from: Template; readonly to: Template }
  | { readonly kind: "regex"; readonly from: NginxRegex; readonly to: Template };

/** Where a location's requests go. */
export type ProxyPass =
  | {
      readonly kind: "fixed";
      readonly target: ProxyTarget;
      /** Instead of the location's name; undefined passes the request's URI on as it came. */
      readonly uri: string | undefined;
    }
  | { readonly kind: "variable"; readonly url: Template; readonly position: ConfigPosition };

/** Ends the key of a group that is reached by TLS. */
export const httpsSuffix = " by https";

/** `proxy_pass` taken apart. Its authority may be the name of a group. */
export interface ProxyTarget extends Omit<ProxyUrl, "uri"> {
  /** Key of the group in `NginxModel.upstreams`. */
  readonly group: string;
}

export interface UpstreamGroupModel {
  readonly name: string;
  readonly position: ConfigPosition;
  readonly policy: PolicyName;
  /** Of `hash`. */
  readonly key: Template | undefined;
  readonly servers: readonly UpstreamServerModel[];
  /** Undefined closes each connection after its request. */
  readonly keepalive: KeepaliveRule | undefined;
  /** Locations do not share connections (nginx's `local`, its default since 1.29.7). */
  readonly keepaliveLocal: boolean;
  readonly resolver: ResolverModel | undefined;
}

export interface UpstreamServerModel {
  readonly position: ConfigPosition;
  readonly address:
    | { readonly kind: "ip"; readonly host: string; readonly port: number }
    | { readonly kind: "unix"; readonly path: string }
    | { readonly kind: "name"; readonly name: string; readonly port: number };
  /** Asked again while running. */
  readonly resolve: boolean;
  readonly weight: number;
  readonly maxConns: number;
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly slowStartMs: number;
  readonly backup: boolean;
  readonly down: boolean;
}

/** Whether an `if` holds for a request; a regular expression that matches leaves its captures. */
export type Condition = (source: VariableSource) => boolean;

/** Every server of a configuration once. */
export function serversOf({ listeners }: NginxModel): readonly ServerModel[] {
  return [...new Set(listeners.flatMap(serversAt))];
}

/** The servers that share a socket. */
export function serversAt({ otherwise, byLocalAddress }: ListenerModel): readonly ServerModel[] {
  return [otherwise, ...byLocalAddress.values()].flatMap(({ servers }) => servers);
}
