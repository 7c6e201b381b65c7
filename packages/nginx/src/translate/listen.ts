import { isIP } from "node:net";
import { bracketed } from "@drover/foundation/network/addresses";
import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import type { ListenAddressModel } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidParameter } from "../read/scope.ts";
import { parseSize } from "../read/units.ts";

/** What `listen` without options has. */
const noOptions = {
  tls: false,
  isDefault: false,
  backlog: undefined as number | undefined,
  /** `bind`, or an option of the socket itself: a socket of its own even beside `*:port`. */
  ownSocket: false,
  ipv6Only: true,
};

type ListenOptions = typeof noOptions;

/** One `listen`, or one port of a range. */
export interface Listen extends Readonly<Omit<ListenOptions, "ipv6Only">> {
  readonly position: ConfigPosition;
  readonly address: ListenAddressModel;
  readonly label: string;
}

/** @throws NginxConfigError as nginx would. */
export function translateListen({ args, position }: Directive): Listen[] {
  const [word = "", ...words] = args;
  const options = { ...noOptions };
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
  return `${bracketed(address.host)}:${address.port}`;
}

function addressesOf(word: string, ipv6Only: boolean, position: ConfigPosition): ListenAddressModel[] {
  if (word.startsWith("unix:")) {
    const path = word.slice("unix:".length);
    if (path === "")
      throw NginxConfigError.at(position, `no path in the unix domain socket in "${word}" of the "listen" directive`);
    return [{ kind: "unix", path }];
  }
  const [, inBrackets, plain = "", portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(word) ?? [];
  const portOnly = inBrackets === undefined && portText === undefined && /^\d+(?:-\d+)?$/.test(plain);
  const host = portOnly || plain === "*" ? "0.0.0.0" : (inBrackets ?? plain);
  const ports = portsOf(portOnly ? plain : (portText ?? "80"));
  const fail = (why: string) => NginxConfigError.at(position, `${why} in "${word}" of the "listen" directive`);
  if (host === "") throw fail("no host");
  if (ports.length === 0) throw fail("invalid port");
  if (inBrackets !== undefined && isIP(host) !== 6) throw fail("invalid IPv6 address");
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

/** `http2` changes nothing: by ALPN such clients are given HTTP/1.1, and without TLS there is no such way. */
function readOption(options: ListenOptions, word: string, position: ConfigPosition): void {
  if (word === "default_server" || word === "default") options.isDefault = true;
  else if (word === "ssl") options.tls = true;
  else if (word === "quic") throw NginxConfigError.unsupported(position, "listen … quic", "there is no HTTP/3");
  else if (word === "proxy_protocol") {
    throw NginxConfigError.unsupported(position, "listen … proxy_protocol", "the PROXY protocol is not spoken");
  } else if (word !== "http2") {
    readSocketOption(options, word, position);
    options.ownSocket = true;
  }
}

function readSocketOption(options: ListenOptions, word: string, position: ConfigPosition): void {
  if (unseen.has(word)) return;
  const [name = "", value = ""] = word.split(/=(.*)/s);
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
