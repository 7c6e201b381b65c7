import { resolve } from "node:path";
import { hostname } from "node:os";
import { type ConfigPosition, NginxConfigError, nowhere } from "../errors.ts";
import { compileRegex } from "../model/regex.ts";
import type { LocationModel, ServerModel, TlsModel, TlsVersion } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidValue, Scope } from "../read/scope.ts";
import { type ServerName, wildcardNames } from "../model/server-names.ts";
import type { TranslateContext } from "./context.ts";
import { type Listen, translateListen } from "./listen.ts";
import { translateLocations } from "./location.ts";
import { readSettings } from "./settings.ts";
import { parseSize } from "../read/units.ts";
import { readSteps } from "./rewrite/steps.ts";

/** A server with what decides which requests are its own. */
export interface TranslatedServer {
  readonly model: ServerModel;
  readonly names: readonly ServerName[];
  readonly listens: readonly Listen[];
}

/** Values of the http block are checked even where no server inherits them. @throws NginxConfigError */
export function checkInheritable(http: Scope, context: TranslateContext): void {
  readSettings(http, context);
  readHeaderBuffers(http);
  readTls(http, context);
}

/** @throws NginxConfigError as nginx would. */
export function translateServer(directive: Directive, http: Scope, context: TranslateContext): TranslatedServer {
  const { block = [], position } = directive;
  const scope = new Scope(block, http);
  const names = readNames(scope);
  const settings = readSettings(scope, context);
  checkFiles(scope, block);
  const named = new Map<string, LocationModel>();
  const locations = translateLocations(block, scope, context, named, undefined);
  const model: ServerModel = {
    name: names[0]?.written ?? "",
    position,
    settings,
    steps: readSteps(block, context.own),
    locations,
    named,
    headerTimeoutMs: scope.timeMs("client_header_timeout", 60_000),
    headerBuffers: readHeaderBuffers(scope),
    maxHeaders: scope.count("max_headers", 1000),
    hostRule: context.compat === "1.22" ? "nginx-1.22" : "strict",
    ignoreInvalidHeaders: scope.isOn("ignore_invalid_headers", true),
    underscoresInHeaders: scope.isOn("underscores_in_headers", false),
    mergeSlashes: scope.isOn("merge_slashes", true),
    tls: readTls(scope, context),
  };
  return { model, names: names.flatMap(({ parsed }) => parsed), listens: readListens(scope, position) };
}

/** A `root` with no location for `/`: nginx serves files there, and a client would miss them. */
function checkFiles(scope: Scope, block: readonly Directive[]): void {
  const root = scope.one("root");
  const respondsToAll = block.some(
    ({ name, args }) => name === "return" || (name === "location" && (args.at(-1) === "/" || args.at(-1) === "^~/")),
  );
  if (root === undefined || respondsToAll) return;
  throw NginxConfigError.unsupported(
    root.position,
    "the server",
    "it serves files below `root`; give it a location / with `proxy_pass`",
  );
}

function readListens(scope: Scope, position: ConfigPosition): Listen[] {
  const directives = scope.own("listen");
  // nginx: *:80 for root, *:8000 for others.
  const port = process.getuid?.() === 0 ? "80" : "8000";
  if (directives.length === 0) return translateListen({ name: "listen", args: [port], position });
  const listens: Listen[] = [];
  for (const listen of directives.flatMap(translateListen)) {
    if (listens.some(({ label }) => label === listen.label)) {
      throw NginxConfigError.at(listen.position, `a duplicate listen ${listen.label}`);
    }
    listens.push(listen);
  }
  return listens;
}

interface WrittenName {
  readonly written: string;
  readonly parsed: readonly ServerName[];
}

function readNames(scope: Scope): WrittenName[] {
  const names = scope.own("server_name").flatMap(({ args, position }) => args.map((word) => readName(word, position)));
  return names.length === 0 ? [{ written: "", parsed: [{ kind: "exact", text: "" }] }] : names;
}

function readName(word: string, position: ConfigPosition): WrittenName {
  if (word.startsWith("~")) {
    const pattern = word.slice(1);
    if (pattern === "") throw NginxConfigError.at(position, `empty regex in server name "${word}"`);
    return {
      written: word,
      parsed: [{ kind: "regex", regex: compileRegex(pattern, /[A-Z]/.test(pattern), position) }],
    };
  }
  const name = (word === "$hostname" ? hostname() : word).toLowerCase();
  const parsed = wildcardNames(name);
  if (parsed !== undefined) return { written: parsed[0]?.kind === "exact" ? parsed[0].text : name, parsed };
  if (name.includes("*")) throw NginxConfigError.at(position, `invalid server name or wildcard "${word}"`);
  return { written: name, parsed: [{ kind: "exact", text: name.replace(/\.$/, "") }] };
}

function readHeaderBuffers(scope: Scope): ServerModel["headerBuffers"] {
  const directive = scope.one("large_client_header_buffers");
  const [count = "4", size = "8k"] = directive?.args ?? [];
  const sizeBytes = parseSize(size, "without g");
  if (directive !== undefined && (!/^[1-9]\d{0,5}$/.test(count) || sizeBytes === undefined || sizeBytes === 0)) {
    throw NginxConfigError.at(directive.position, '"large_client_header_buffers" directive invalid value');
  }
  const firstBytes = scope.sizeBytes("client_header_buffer_size", 1024);
  return { firstBytes, count: Number(count), sizeBytes: sizeBytes ?? 8192 };
}

const tlsVersions: readonly TlsVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

function readTls(scope: Scope, { paths, compat }: TranslateContext): TlsModel | undefined {
  const certificates = scope.many("ssl_certificate");
  const keys = scope.many("ssl_certificate_key");
  const rejectHandshake = scope.isOn("ssl_reject_handshake", false);
  const [last] = certificates.slice(-1);
  const protocols = readProtocols(scope, compat === "1.22");
  if (last === undefined && !rejectHandshake) return undefined;
  if (last !== undefined && keys.length < certificates.length) {
    throw NginxConfigError.at(
      last.position,
      `no "ssl_certificate_key" is defined for certificate "${last.args[0] ?? ""}"`,
    );
  }
  const path = (directive: Directive | undefined) => {
    const [word = ""] = directive?.args ?? [];
    if (word.includes("$") || word.startsWith("data:") || word.startsWith("engine:")) {
      throw NginxConfigError.unsupported(directive?.position ?? nowhere, `"${word}"`, "certificates are files");
    }
    return resolve(paths.confPrefix, word);
  };
  const passwords = scope.one("ssl_password_file");
  return {
    certificates: certificates.map((certificate, index) => ({
      certificate: path(certificate),
      key: path(keys[index]),
      position: certificate.position,
    })),
    passwordFile: passwords === undefined ? undefined : path(passwords),
    protocols,
    ciphers: scope.one("ssl_ciphers")?.args[0],
    preferServerCiphers: scope.isOn("ssl_prefer_server_ciphers", false),
    rejectHandshake,
  };
}

function readProtocols(scope: Scope, oldDefaults: boolean): TlsModel["protocols"] {
  const { args = oldDefaults ? ["TLSv1", "TLSv1.3"] : ["TLSv1.2", "TLSv1.3"], position = nowhere } =
    scope.one("ssl_protocols") ?? {};
  const chosen = args.map((word) => {
    const index = tlsVersions.findIndex((version) => version === word);
    if (index === -1 && word !== "SSLv2" && word !== "SSLv3") throw invalidValue(position, word);
    return Math.max(index, 0);
  });
  const min = tlsVersions[Math.min(...chosen)] ?? "TLSv1.2";
  const max = tlsVersions[Math.max(...chosen)] ?? "TLSv1.3";
  return { min, max };
}
