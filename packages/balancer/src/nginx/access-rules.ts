import { BlockList, isIP } from "node:net";
import type { ConfigPlace } from "../errors.ts";
import { invalidParameter, type Scope } from "./scope.ts";

/** `allow` and `deny` in the order of the file; the first that is for an address decides, and without one it is let in. */
export type AccessRules = readonly { readonly allows: boolean; matches(address: string): boolean }[];

/** The rules of the nearest block that has any. @throws NginxConfigError. Source: `ngx_http_access_rule`. */
export function readAccessRules(scope: Scope): AccessRules {
  return scope.manyOf(["allow", "deny"]).map(({ name, args, place }) => {
    const matches = matcherOf(args[0] ?? "", place);
    return { allows: name === "allow", matches };
  });
}

/** Whether what else a block says can matter to nobody. */
export function deniesEverybody(scope: Scope): boolean {
  const [first] = scope.manyOf(["allow", "deny"]);
  return first?.name === "deny" && first.args[0] === "all";
}

/** Whether the address of a client, `unix:` for a socket's, is let in. */
export function isLetIn(rules: AccessRules, address: string): boolean {
  return rules.find((rule) => rule.matches(address))?.allows ?? true;
}

function matcherOf(word: string, place: ConfigPlace): (address: string) => boolean {
  if (word === "all") return () => true;
  if (word === "unix:") return (address) => address === "unix:";
  const [host = "", bits] = word.split("/");
  const family = isIP(host);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most))) {
    throw invalidParameter(place, word);
  }
  const list = new BlockList();
  list.addSubnet(host, bits === undefined ? most : Number(bits), family === 6 ? "ipv6" : "ipv4");
  return (address) => isIP(address) === family && list.check(address, family === 6 ? "ipv6" : "ipv4");
}
