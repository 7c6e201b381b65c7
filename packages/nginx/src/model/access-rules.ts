import { isIP } from "node:net";
import { networkOf } from "@drover/foundation/network/networks";

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
  const network = networkOf(word);
  return network && ((address) => isIP(address) === network.family && network.has(address));
}
