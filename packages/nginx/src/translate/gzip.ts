import { compileRegex } from "../model/captures.ts";
import type { GzipRules } from "../model/gzip-rules.ts";
import { invalidValue, type Scope } from "../read/scope.ts";

const proxiedWords = "off expired no-cache no-store private no_last_modified no_etag auth any".split(" ");

/** Undefined where `gzip` is off. @throws NginxConfigError */
export function readGzip(scope: Scope): GzipRules | undefined {
  const rules: GzipRules = {
    level: readLevel(scope),
    types: new Set(["text/html", ...(scope.one("gzip_types")?.args ?? []).map((type) => type.toLowerCase())]),
    fewestBytes: scope.sizeBytes("gzip_min_length", 20),
    httpVersion: scope.word("gzip_http_version", ["1.0", "1.1"], "1.1"),
    proxied: new Set(readProxied(scope)),
    vary: scope.isOn("gzip_vary", false),
    disabled: (scope.one("gzip_disable")?.args ?? []).map((word) => {
      const pattern = word === "msie6" ? "MSIE [4-6]\\." : word;
      return compileRegex(pattern, true, scope.one("gzip_disable")?.position ?? nowhere);
    }),
  };
  return scope.isOn("gzip", false) ? rules : undefined;
}

const nowhere = { file: "", line: 0 };

function readLevel(scope: Scope): number {
  const directive = scope.one("gzip_comp_level");
  const level = scope.count("gzip_comp_level", 1);
  if (directive !== undefined && (level < 1 || level > 9))
    throw invalidValue(directive.position, directive.args[0] ?? "");
  return level;
}

function readProxied(scope: Scope): readonly string[] {
  const directive = scope.one("gzip_proxied");
  for (const word of directive?.args ?? []) {
    if (directive !== undefined && !proxiedWords.includes(word)) throw invalidValue(directive.position, word);
  }
  return directive?.args ?? [];
}
