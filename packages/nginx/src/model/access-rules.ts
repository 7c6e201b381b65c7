import { BlockList, isIP } from "node:net";

/** `allow` and `deny` in the order of the file; the first that is for an address decides, and without one it is let in. */
export type AccessRules = readonly { readonly allows: boolean; matches(address: string): boolean }[];

/** Whether the address of a client, `unix:` for a socket's, is let in. */
export function isLetIn(rules: AccessRules, address: string): boolean {
  return rules.find((rule) => rule.matches(address))?.allows ?? true;
}

/** What an address of `allow` or `deny` matches; undefined for what nginx calls an invalid parameter. */
export function addressMatcher(word: string): ((address: string) => boolean) | undefined {
  if (word === "all") return () => true;
  if (word === "unix:") return (address) => address === "unix:";
  const [host = "", bits] = word.split("/");
  const family = isIP(host);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most))) {
    return undefined;
  }
  const list = new BlockList();
  list.addSubnet(host, bits === undefined ? most : Number(bits), family === 6 ? "ipv6" : "ipv4");
  return (address) => isIP(address) === family && list.check(address, family === 6 ? "ipv6" : "ipv4");
}
