import { lookup as systemLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP, type LookupFunction } from "node:net";

export interface HostLookupOptions {
  /** For one question to one name server; asked twice. @default 1500 */
  readonly timeoutMs?: number;
  /** `ADDRESS:PORT` each. @default the system's */
  readonly servers?: readonly string[];
  /** @default "/etc/hosts" */
  readonly hostsFile?: string;
  /** For its `search` and `ndots`. @default "/etc/resolv.conf" */
  readonly resolverFile?: string;
}

/**
 * A `lookup` for sockets that asks for each name apart. Node's own one runs in four threads that everything shares: one name whose server is silent holds up
 * every other name for as long as the system waits, and the end of the process, too. `/etc/hosts` comes first; a name that the name servers do not
 * know is asked of the system, which may know it from elsewhere (mDNS). Addresses that were found last are used while the name servers are silent.
 */
export function createHostLookup(options: HostLookupOptions = {}): LookupFunction {
  const { timeoutMs = 1500, servers, hostsFile = "/etc/hosts", resolverFile = "/etc/resolv.conf" } = options;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const running = new Map<string, Promise<readonly LookupAddress[]>>();
  const found = new Map<string, readonly LookupAddress[]>();
  const ask = async (name: string): Promise<readonly LookupAddress[]> => {
    const written = inHosts(textOf(hostsFile), name);
    if (written.length > 0) return written;
    try {
      const addresses = await askServers(resolver, candidatesOf(name, textOf(resolverFile)));
      const known = addresses.length > 0 ? addresses : await askSystem(name);
      found.set(name, known);
      return known;
    } catch (error) {
      const before = found.get(name);
      if (before === undefined) throw error;
      return before;
    }
  };
  const addressesOf = (hostname: string) => {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    const work = running.get(name) ?? ask(name).finally(() => running.delete(name));
    running.set(name, work);
    return work;
  };
  return (hostname, { family, all }, callback) =>
    void respond(addressesOf(hostname), { hostname, family, all }, callback);
}

/** Never rejects: what fails is said to the callback, outside of the promise, so that what it throws is not lost. */
async function respond(
  found: Promise<readonly LookupAddress[]>,
  asked: { readonly hostname: string; readonly family: LookupOptions["family"]; readonly all: boolean | undefined },
  callback: Parameters<LookupFunction>[2],
): Promise<void> {
  const [outcome] = await Promise.allSettled([found]);
  if (outcome.status === "rejected") return process.nextTick(callback, outcome.reason, "", 0);
  const fitting = outcome.value.filter((each) => wants(asked.family, each.family));
  const [first] = fitting;
  if (first === undefined) process.nextTick(callback, notFound(asked.hostname), "", 0);
  else if (asked.all === true) process.nextTick(callback, null, fitting);
  else process.nextTick(callback, null, first.address, first.family);
}

/** For all sockets of this process. */
export const hostLookup: LookupFunction = createHostLookup();

function wants(family: number | "IPv4" | "IPv6" | undefined, has: number): boolean {
  if (family === undefined || family === 0) return true;
  return (family === "IPv4" ? 4 : family === "IPv6" ? 6 : family) === has;
}

/** The first of the names that has an address; none where the servers know none of them. @throws where they do not respond */
async function askServers(resolver: Resolver, names: readonly string[]): Promise<readonly LookupAddress[]> {
  for (const name of names) {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = [
      ...(v4.status === "fulfilled" ? v4.value.map((address) => ({ address, family: 4 })) : []),
      ...(v6.status === "fulfilled" ? v6.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (addresses.length > 0) return addresses;
    for (const result of [v4, v6]) if (result.status === "rejected" && !isUnknown(result.reason)) throw result.reason;
  }
  return [];
}

function isUnknown(error: unknown): boolean {
  const { code = "" } = error as NodeJS.ErrnoException;
  return ["ENOTFOUND", "ENODATA"].includes(code);
}

function askSystem(name: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(name, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
}

/** As the system's resolver: names with few dots are tried below each search domain first. */
function candidatesOf(name: string, configuration: string): readonly string[] {
  const search = /^(?:search|domain)[ \t]+(.+)$/m.exec(configuration)?.[1]?.trim().split(/\s+/) ?? [];
  const ndots = Number(/^options\b.*\bndots:(\d+)/m.exec(configuration)?.[1] ?? 1);
  const below = search.filter((domain) => domain !== ".").map((domain) => `${name}.${domain}`);
  return name.split(".").length - 1 >= ndots ? [name, ...below] : [...below, name];
}

function inHosts(text: string, name: string): readonly LookupAddress[] {
  const addresses = text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/);
    return names.includes(name) && isIP(address) !== 0 ? [{ address, family: isIP(address) }] : [];
  });
  if (addresses.length > 0 || !/(?:^|\.)localhost$/.test(name)) return addresses;
  return [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
}
