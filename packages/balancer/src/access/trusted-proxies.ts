import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { plainAddress } from "@drover/foundation/network/addresses";
import { FrontDoorError } from "../errors.ts";

/** Proxies in front of us whose `x-forwarded-*` are believed. */
export interface TrustedProxies {
  has(address: string): boolean;
}

/** Reads addresses and networks (`10.0.0.0/8`). @throws FrontDoorError */
export function trustedProxies(entries: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? most : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most) {
      throw new FrontDoorError(`trusted proxy "${entry}" is neither an address nor a network such as 10.0.0.0/8`);
    }
    list.addSubnet(address, prefix, family === 6 ? "ipv6" : "ipv4");
  }
  const none = entries.length === 0;
  return {
    has: (address) => !none && isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4"),
  };
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
