import { messageOf } from "@drover/foundation/error-text";
import { isIP } from "node:net";
import { nowhere } from "../../errors.ts";
import type { LocationModel, ProxyPass } from "../../model/model.ts";
import { type ProxyUrl, splitProxyUrl } from "../../model/proxy-url.ts";
import { implicitGroup, parseServerAddress } from "../../model/server-address.ts";
import { evaluate } from "../../model/template.ts";
import type { RequestState } from "../request/request-state.ts";
import { type Group, startGroup } from "./groups.ts";
import { resolveName } from "./names.ts";
import { proxyTarget } from "./proxy-target.ts";

/** Where a request goes: which group's servers, and what is asked of them. */
export interface Route {
  readonly group: Group;
  readonly scheme: "http" | "https";
  readonly uri: string;
  /** The group is this request's alone. */
  readonly isTemporary: boolean;
}

/** Where `proxy_pass` sends the request, or the status where it cannot be sent. */
export async function routeOf(state: RequestState, location: LocationModel, pass: ProxyPass): Promise<Route | number> {
  const { groups } = state.runtime;
  if (pass.kind === "fixed") {
    const { target, uri } = pass;
    const group = groups.get(target.group);
    state.proxyHost = target.hostHeader;
    state.proxyPort = target.port;
    return group === undefined
      ? 500
      : { group, scheme: target.scheme, uri: proxyTarget(state, location, uri), isTemporary: false };
  }
  const written = evaluate(pass.url, state);
  const url = splitProxyUrl(written);
  if (url === undefined) {
    state.logError(`invalid URL prefix in "${written}"`);
    return 500;
  }
  state.proxyHost = url.hostHeader;
  state.proxyPort = url.port;
  const uri = url.uri ?? proxyTarget(state, location, undefined);
  const known =
    (url.scheme === "http" ? groups.get(url.authority) : undefined) ?? groups.get(`${url.authority} by ${url.scheme}`);
  if (known !== undefined) return { group: known, scheme: url.scheme, uri, isTemporary: false };
  const group = await temporaryGroup(state, url);
  return group === undefined ? 502 : { group, scheme: url.scheme, uri, isTemporary: true };
}

/** A group for an address that only this request knows; names need a `resolver`. */
async function temporaryGroup(state: RequestState, { authority, scheme }: ProxyUrl): Promise<Group | undefined> {
  const { resolver } = state.settings;
  const { clock } = state.runtime;
  try {
    const address = parseServerAddress(authority, nowhere, scheme === "https" ? 443 : 80);
    const model = implicitGroup(authority, nowhere, address);
    if (address.kind !== "name") return await startGroup(model, scheme, clock);
    if (resolver === undefined) {
      state.logError(`no resolver defined to resolve ${address.name}`);
      return undefined;
    }
    const found = await resolveName(address.name, resolver);
    if (found.length === 0) {
      state.logError(`${address.name} could not be resolved (3: Host not found)`);
      return undefined;
    }
    const servers = found.flatMap(({ address: host }) =>
      isIP(host) === 0
        ? []
        : model.servers.map((server) => ({ ...server, address: { kind: "ip" as const, host, port: address.port } })),
    );
    return await startGroup({ ...model, servers }, scheme, clock);
  } catch (error) {
    state.logError(messageOf(error));
    return undefined;
  }
}
