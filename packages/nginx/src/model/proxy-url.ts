/** A URL of `proxy_pass` taken apart. */
export interface ProxyUrl {
  readonly scheme: "http" | "https";
  /** Host and port, or `unix:/path`. */
  readonly authority: string;
  /** `$proxy_host`: without a port that is the scheme's own. */
  readonly hostHeader: string;
  /** `$proxy_port`. */
  readonly port: string;
  /** From the first `/` after the authority; undefined when there is none. */
  readonly uri: string | undefined;
}

/** Undefined when it starts with neither `http://` nor `https://`. */
export function splitProxyUrl(url: string): ProxyUrl | undefined {
  const [all, schemeWord = ""] = /^(https?):\/\//i.exec(url) ?? [];
  if (all === undefined) return undefined;
  const scheme = schemeWord.toLowerCase() === "https" ? "https" : "http";
  const rest = url.slice(all.length);
  const [, socket, afterSocket] = /^(unix:[^:]+)(?::(.*))?$/s.exec(rest) ?? [];
  if (socket !== undefined) {
    const uri = afterSocket === undefined || afterSocket === "" ? undefined : afterSocket;
    return { scheme, authority: socket, hostHeader: "localhost", port: "", uri };
  }
  const end = rest.search(/[/?]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const own = scheme === "https" ? "443" : "80";
  const [, host = authority, port = own] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? [];
  const uri = end === -1 ? undefined : rest.slice(end).replace(/^\?/, "/?");
  return { scheme, authority, hostHeader: port === own ? host : authority, port, uri };
}
