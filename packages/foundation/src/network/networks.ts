import { BlockList, isIP, isIPv6 } from "node:net";

/** The addresses that `10.0.0.0/8` names, or the only one that an address does. */
export interface Network {
  readonly family: 4 | 6;
  /** An address of IPv4 is in a network of IPv6 that has it in its mapped form, and the other way round. */
  has(address: string): boolean;
}

/** @returns undefined for what is neither an address nor a network */
export function networkOf(text: string): Network | undefined {
  const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (isIP(address) === 0) return undefined;
  const family = isIPv6(address) ? 6 : 4;
  const most = family === 6 ? 128 : 32;
  const prefix = Number(bits ?? most);
  if (prefix > most) return undefined;
  const list = new BlockList();
  list.addSubnet(address, prefix, typeOf(address));
  return { family, has: (other) => isIP(other) !== 0 && list.check(other, typeOf(other)) };
}

function typeOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}
