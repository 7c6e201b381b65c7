/** A request target taken apart as nginx does before it looks for a location. */
export interface RequestTarget {
  /** As it came, from the path on: `$request_uri`. */
  readonly unparsed: string;
  /** Decoded, without dot segments and doubled slashes: `$uri`. */
  readonly uri: string;
  /** After the `?`, without it: `$args`. */
  readonly args: string;
  readonly hasArgs: boolean;
  /** Of a target in absolute form, instead of the Host header. */
  readonly host: string | undefined;
}

/** Undefined where nginx responds with 400. */
export function parseTarget(target: string, mergeSlashes: boolean): RequestTarget | undefined {
  const [scheme = "", host = ""] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target) ?? [];
  let unparsed = target.slice(scheme.length);
  if (scheme !== "" && !unparsed.startsWith("/")) unparsed = `/${unparsed}`;
  if (!unparsed.startsWith("/") || (scheme !== "" && !authority.test(host))) return undefined;
  const whole = unparsed.split("#", 1)[0] ?? "";
  const mark = whole.indexOf("?");
  const uri = normalizePath(mark === -1 ? whole : whole.slice(0, mark), mergeSlashes);
  if (uri === undefined) return undefined;
  return {
    unparsed,
    uri,
    args: mark === -1 ? "" : whole.slice(mark + 1),
    hasArgs: mark !== -1,
    host: scheme === "" ? undefined : host,
  };
}

/** What nginx takes in a request line: no names with `_`, no user before the host. */
const authority = /^(?:\[[\w:.~!$&'()*+,;=-]*\]|[a-z0-9.-]+)(?::\d*)?$/i;

/** Decodes and resolves a path; undefined for a bad escape, a NUL or a path that climbs above its root. */
export function normalizePath(path: string, mergeSlashes: boolean): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined;
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (decoded.includes("\0")) return undefined;
  if (!/\/\/|\/\.\.?(?:\/|$)/.test(decoded)) return decoded;
  const kept: string[] = [];
  const parts = decoded.slice(1).split("/");
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    if (part === "..") {
      if (kept.pop() === undefined) return undefined;
      if (last) kept.push("");
    } else if (part === ".") {
      if (last) kept.push("");
    } else if (part !== "" || last || !mergeSlashes) {
      kept.push(part);
    }
  }
  return `/${kept.join("/")}`;
}

/** Escapes a decoded path for a request line as nginx does since 1.21.1 (`ngx_escape_uri` with `NGX_ESCAPE_URI`). */
export function escapeUri(path: string): string {
  return path.replace(/[\0-\x20"#%<>?\\^`{|}\x7f-\xff]/g, percent);
}

function percent(ch: string): string {
  return `%${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
