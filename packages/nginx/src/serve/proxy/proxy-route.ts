import { messageOf } from "@drover/foundation/error-text";
import { isIP } from "node:net";
import type { LocationModel, ProxyPass } from "../../model/model.ts";
import type { ProxyUrl } from "../../model/proxy-url.ts";
import { implicitGroup, parseServerAddress } from "../../model/server-address.ts";
import { evaluate } from "../../model/template.ts";
import type { RequestState } from "../request/request-state.ts";
import type { Runtime } from "../runtime.ts";
import { type Group, startGroup } from "./groups.ts";
import { resolveName } from "./names.ts";
import { evaluatedUrl, proxyTarget } from "./proxy-target.ts";
import { logError } from "./upstream-errors.ts";

/** A request that a location passes on. */
export interface Passing {
  readonly state: RequestState;
  readonly location: LocationModel;
  readonly runtime: Runtime;
}

/** Where a request goes: which group's servers, and what is asked of them. */
export interface Route {
  readonly group: Group;
  readonly scheme: "http" | "https";
  readonly uri: string;
  /** The group is this request's alone. */
  readonly isTemporary: boolean;
}

/** Where `proxy_pass` sends the request, or the status where it cannot be sent. */
export async function routeOf(passing: Passing, pass: ProxyPass): Promise<Route | number> {
  const { state, location, runtime } = passing;
  if (pass.kind === "fixed") {
    const { target, uri } = pass;
    const group = runtime.groups.get(target.group);
    state.proxyHost = target.hostHeader;
    state.proxyPort = target.port;
    return group === undefined
      ? 500
      : { group, scheme: target.scheme, uri: proxyTarget(state, location, uri), isTemporary: false };
  }
  const url = evaluatedUrl(state, pass);
  if (url === undefined) {
    logError(state, runtime, `invalid URL prefix in "${evaluate(pass.url, state)}"`);
    return 500;
  }
  state.proxyHost = url.hostHeader;
  state.proxyPort = url.port;
  const uri = url.uri ?? proxyTarget(state, location, undefined);
  const known =
    (url.scheme === "http" ? runtime.groups.get(url.authority) : undefined) ??
    runtime.groups.get(`${url.authority} by ${url.scheme}`);
  if (known !== undefined) return { group: known, scheme: url.scheme, uri, isTemporary: false };
  const group = await temporaryGroup(passing, url);
  return group === undefined ? 502 : { group, scheme: url.scheme, uri, isTemporary: true };
}

/** A group for an address that only this request knows; names need a `resolver`. */
async function temporaryGroup(
  { state, location, runtime }: Passing,
  { authority, scheme }: ProxyUrl,
): Promise<Group | undefined> {
  const position = { file: "", line: 0 };
  const { resolver } = location.settings;
  try {
    const address = parseServerAddress(authority, position, scheme === "https" ? 443 : 80);
    const model = implicitGroup(authority, position, address);
    if (address.kind !== "name") return await startGroup(model, scheme, resolver, runtime);
    if (resolver === undefined) {
      logError(state, runtime, `no resolver defined to resolve ${address.name}`);
      return undefined;
    }
    const found = await resolveName(address.name, resolver, runtime.names);
    if (found.length === 0) {
      logError(state, runtime, `${address.name} could not be resolved (3: Host not found)`);
      return undefined;
    }
    const servers = found.flatMap(({ address: host }) =>
      isIP(host) === 0
        ? []
        : model.servers.map((server) => ({ ...server, address: { kind: "ip" as const, host, port: address.port } })),
    );
    return await startGroup({ ...model, servers }, scheme, resolver, runtime);
  } catch (error) {
    logError(state, runtime, messageOf(error));
    return undefined;
  }
}
