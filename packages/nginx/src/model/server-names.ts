import type { Captures, NginxRegex } from "./regex.ts";

/** One name of a server, as its `server_name` gave it. */
export type ServerName =
  /** `www.example.com`, and `""` for requests without a host; `*.example.com` is kept as `.example.com`, `www.*` as `www.` */
  | { readonly kind: "exact" | "leading" | "trailing"; readonly text: string }
  | { readonly kind: "regex"; readonly regex: NginxRegex };

/** What a name with a wildcard stands for: `*.a.b`, `www.*`, and `.a.b`, which is `a.b` and `*.a.b`. Undefined for any other. */
export function wildcardNames(name: string): readonly ServerName[] | undefined {
  if (/^\.[^*]+$/.test(name)) {
    return [
      { kind: "exact", text: name.slice(1) },
      { kind: "leading", text: name },
    ];
  }
  if (/^\*\.[^*]+$/.test(name)) return [{ kind: "leading", text: name.slice(1) }];
  if (/^[^*]+\.\*$/.test(name)) return [{ kind: "trailing", text: name.slice(0, -1) }];
  return undefined;
}

export interface NameMatch<T> {
  readonly server: T;
  /** Captures of the regular expression that matched. */
  readonly captures: Captures | undefined;
}

/** Servers of one listening address by name. The first to claim a name keeps it; nginx warns and does the same. */
export class ServerNames<T> {
  readonly #named = { exact: new Map<string, T>(), leading: new Map<string, T>(), trailing: new Map<string, T>() };
  readonly #regexes: { regex: NginxRegex; server: T }[] = [];
  readonly #fallback: T;

  constructor(fallback: T) {
    this.#fallback = fallback;
  }

  /** @returns false when another server has this name already. */
  add(name: ServerName, server: T): boolean {
    if (name.kind === "regex") {
      this.#regexes.push({ regex: name.regex, server });
      return true;
    }
    const servers = this.#named[name.kind];
    if (servers.has(name.text)) return false;
    servers.set(name.text, server);
    return true;
  }

  /** nginx's order: exact, longest leading wildcard, longest trailing wildcard, first regular expression, default server. */
  find(host: string): NameMatch<T> {
    const server = this.#named.exact.get(host) ?? this.#byWildcard(host);
    if (server !== undefined) return { server, captures: undefined };
    if (host !== "") {
      for (const { regex, server } of this.#regexes) {
        const captures = regex.exec(host);
        if (captures !== undefined) return { server, captures };
      }
    }
    return { server: this.#fallback, captures: undefined };
  }

  #byWildcard(host: string): T | undefined {
    for (let dot = host.indexOf(".", 1); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const found = this.#named.leading.get(host.slice(dot));
      if (found !== undefined) return found;
    }
    for (let dot = host.lastIndexOf("."); dot > 0; dot = host.lastIndexOf(".", dot - 1)) {
      const found = this.#named.trailing.get(host.slice(0, dot + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
