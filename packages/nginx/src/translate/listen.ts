import { isIP } from "node:net";
import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import type { ListenAddressModel } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidParameter } from "../read/scope.ts";
import { parseSize } from "../read/units.ts";

/** One `listen`, or one port of a range. */
export interface Listen {
  readonly position: ConfigPosition;
  readonly address: ListenAddressModel;
  readonly label: string;
  readonly tls: boolean;
  readonly isDefault: boolean;
  readonly backlog: number | undefined;
  /** `bind`, or an option of the socket itself: a socket of its own even beside `*:port`. */
  readonly ownSocket: boolean;
  readonly hasOptions: boolean;
}

/** @throws NginxConfigError as nginx would. */
export function translateListen({ args, position }: Directive): Listen[] {
  const [word = "", ...words] = args;
  const options: ListenOptions = {
    tls: false,
    isDefault: false,
    backlog: undefined,
    ownSocket: false,
    hasOptions: false,
    ipv6Only: true,
  };
  for (const option of words) readOption(options, option, position);
  const { ipv6Only, ...rest } = options;
  return addressesOf(word, ipv6Only, position).map((address) => ({
    position,
    address,
    label: labelOf(address),
    ...rest,
  }));
}

/** `0.0.0.0:80`, `[::]:80`, `unix:/run/x.sock`: how nginx prints an address. */
function labelOf(address: ListenAddressModel): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

interface ListenOptions {
  tls: boolean;
  isDefault: boolean;
  backlog: number | undefined;
  ownSocket: boolean;
  hasOptions: boolean;
  ipv6Only: boolean;
}

function addressesOf(word: string, ipv6Only: boolean, position: ConfigPosition): ListenAddressModel[] {
  if (word.startsWith("unix:")) {
    const path = word.slice("unix:".length);
    if (path === "")
      throw NginxConfigError.at(position, `no path in the unix domain socket in "${word}" of the "listen" directive`);
    return [{ kind: "unix", path }];
  }
  const [, bracketed, plain = "", portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(word) ?? [];
  const portOnly = bracketed === undefined && portText === undefined && /^\d+(?:-\d+)?$/.test(plain);
  const host = portOnly || plain === "*" ? "0.0.0.0" : (bracketed ?? plain);
  const ports = portsOf(portOnly ? plain : (portText ?? "80"));
  const fail = (why: string) => NginxConfigError.at(position, `${why} in "${word}" of the "listen" directive`);
  if (host === "") throw fail("no host");
  if (ports.length === 0) throw fail("invalid port");
  if (bracketed !== undefined && isIP(host) !== 6) throw fail("invalid IPv6 address");
  return ports.map((port) => ({ kind: "tcp", host, port, ipv6Only: isIP(host) === 6 && ipv6Only }));
}

function portsOf(text: string): number[] {
  const [, low, high = low] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const first = Number(low);
  const last = Number(high);
  if (!(first >= 1 && last <= 65_535 && first <= last)) return [];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Options of the socket that Node does not set, and nobody sees. */
const unseen = new Set(["deferred", "reuseport", "bind", "multipath"]);

function readOption(options: ListenOptions, word: string, position: ConfigPosition): void {
  const [name = "", value = ""] = word.split(/=(.*)/s);
  if (word === "default_server" || word === "default") options.isDefault = true;
  else if (word === "ssl") options.tls = true;
  // By ALPN such clients are given HTTP/1.1; without TLS there is no such way.
  else if (word === "http2") options.hasOptions ||= false;
  else if (word === "quic") throw NginxConfigError.unsupported(position, "listen … quic", "there is no HTTP/3");
  else if (word === "proxy_protocol") {
    throw NginxConfigError.unsupported(position, "listen … proxy_protocol", "the PROXY protocol is not spoken");
  } else {
    readSocketOption(options, name, value, word, position);
    options.ownSocket = true;
    options.hasOptions = true;
  }
}

function readSocketOption(
  options: ListenOptions,
  name: string,
  value: string,
  word: string,
  position: ConfigPosition,
): void {
  if (unseen.has(word)) return;
  if (name === "backlog") {
    if (!/^[1-9]\d{0,5}$/.test(value)) throw NginxConfigError.at(position, `invalid backlog "${word}"`);
    options.backlog = Number(value);
  } else if (name === "ipv6only" && /^(?:on|off)$/.test(value)) options.ipv6Only = value === "on";
  else if (name === "rcvbuf" || name === "sndbuf") {
    if (parseSize(value) === undefined) throw NginxConfigError.at(position, `invalid ${name} "${word}"`);
  } else if (name !== "so_keepalive" && name !== "fastopen" && name !== "setfib" && name !== "accept_filter") {
    throw invalidParameter(position, word);
  }
}
