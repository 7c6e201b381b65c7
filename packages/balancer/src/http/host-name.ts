/** `nginx-1.22` takes nearly anything for a name; `strict` asks for a host of RFC 3986 and a port there can be, as nginx does since 1.29.3. */
export type HostRule = "nginx-1.22" | "strict";

/**
 * The name a Host field asks for: without port and trailing dot, in lower case. Undefined where nginx responds with 400.
 * Source: `ngx_http_validate_host`; RFC 3986, 3.2.2.
 */
export function hostName(field: string, rule: HostRule): string | undefined {
  const written = rule === "strict" ? strictName(field) : looseName(field);
  const name = written?.replace(/\.$/, "").toLowerCase();
  return name === "" ? undefined : name;
}

const strict = /^(\[[\w:.~!$&'()*+,;=-]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::(\d*))?$/i;

function strictName(field: string): string | undefined {
  const [, name = "", port = ""] = strict.exec(field) ?? [];
  return name.includes("..") || Number(port) > 65_535 ? undefined : name;
}

function looseName(field: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- these are the bytes nginx refuses.
  if (/[\0-\x20\x7f/]|\.\./.test(field)) return undefined;
  return /^(?:\[[^\]]*\]?|[^:]*)/.exec(field)?.[0];
}
