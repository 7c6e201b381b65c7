import { resolve } from "node:path";
import { NginxConfigError } from "../errors.ts";
import { groupListeners } from "./listeners.ts";
import type { NginxCompat, NginxModel, ProcessModel, UpstreamGroupModel } from "../model/model.ts";
import { ownVariables } from "./rewrite/own-variables.ts";
import type { ParsedConfig } from "../read/parse.ts";
import { Scope } from "../read/scope.ts";
import type { NginxPaths, TranslateContext } from "./context.ts";
import { readErrorLogs, readLogFormats } from "./log.ts";
import { checkInheritable, translateServer } from "./server.ts";
import { translateUpstream } from "./upstream.ts";

export interface TranslateOptions {
  readonly compat: NginxCompat;
  readonly paths: NginxPaths;
  /** Whether a file without `events` is refused, as nginx does. */
  readonly needsEvents: boolean;
}

/**
 * Turns a parsed configuration into what the runtime uses: inherited, checked and complete.
 * @throws NginxConfigError with nginx's own message, or `NGINX_UNSUPPORTED`.
 */
export function translate(parsed: ParsedConfig, options: TranslateOptions): NginxModel {
  const { compat, paths } = options;
  const main = new Scope(parsed.directives);
  const [httpBlock] = main.own("http");
  if (options.needsEvents && main.own("events").length === 0) {
    throw new NginxConfigError('no "events" section in configuration');
  }
  const directives = httpBlock?.block ?? [];
  const http = new Scope(directives, main);
  const own = ownVariables(directives);
  const upstreams = new Map<string, UpstreamGroupModel>();
  const warnings: string[] = [];
  for (const directive of http.own("upstream")) {
    const group = translateUpstream(directive, http, own, compat, warnings);
    if (upstreams.has(group.name)) throw NginxConfigError.at(directive.position, `duplicate upstream "${group.name}"`);
    upstreams.set(group.name, group);
  }
  const context: TranslateContext = { compat, paths, own, formats: readLogFormats(http, own), upstreams, warnings };
  checkInheritable(http, context);
  const servers = http.own("server").map((directive) => translateServer(directive, http, context));
  return {
    process: readProcess(main, paths),
    listeners: groupListeners(servers, warnings),
    upstreams,
    ignored: parsed.ignored,
    warnings,
  };
}

function readProcess(main: Scope, paths: NginxPaths): ProcessModel {
  const [name, group] = main.one("user")?.args ?? [];
  const pid = main.one("pid")?.args[0] ?? paths.pid;
  return {
    daemon: main.isOn("daemon", true),
    pidPath: resolve(paths.prefix, pid),
    user: name === undefined ? undefined : { name, group },
    errorLogs: readErrorLogs(main, paths),
    shutdownTimeoutMs: main.timeMs("worker_shutdown_timeout", 0),
  };
}
