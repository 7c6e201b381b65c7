import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { plainAddress } from "@drover/foundation/network/addresses";
import { type Network, networkOf } from "@drover/foundation/network/networks";
import { FrontDoorError } from "../errors.ts";

/** Proxies in front of us whose `x-forwarded-*` are believed. */
export type TrustedProxies = Pick<Network, "has">;

/** Reads addresses and networks (`10.0.0.0/8`). @throws FrontDoorError */
export function trustedProxies(entries: readonly string[]): TrustedProxies {
  const networks = entries.map((entry) => {
    const network = networkOf(entry);
    if (network !== undefined) return network;
    throw new FrontDoorError(`trusted proxy "${entry}" is neither an address nor a network such as 10.0.0.0/8`);
  });
  return { has: (address) => networks.some((network) => network.has(address)) };
}

/** Who asks: the connection's address, or behind trusted proxies the last address in `x-forwarded-for` that is not one of them. */
export function clientAddress(request: IncomingMessage, trusted: TrustedProxies): string {
  const direct = plainAddress(request.socket.remoteAddress ?? "");
  if (!trusted.has(direct)) return direct === "" ? "unix:" : direct;
  const forwarded = String(request.headers["x-forwarded-for"] ?? "")
    .split(",")
    .map((part) => plainAddress(part.trim()))
    .filter((part) => isIP(part) !== 0);
  return forwarded.findLast((address) => !trusted.has(address)) ?? forwarded[0] ?? direct;
}
