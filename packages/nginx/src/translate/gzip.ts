import { nowhere } from "../errors.ts";
import { compileRegex } from "../model/regex.ts";
import type { GzipRules } from "../model/model.ts";
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
    disabled: scope
      .many("gzip_disable")
      .flatMap(({ args, position }) =>
        args.map((word) => compileRegex(word === "msie6" ? "MSIE [4-6]\\." : word, true, position)),
      ),
  };
  return scope.isOn("gzip", false) ? rules : undefined;
}

function readLevel(scope: Scope): number {
  const level = scope.count("gzip_comp_level", 1);
  const { args = [], position = nowhere } = scope.one("gzip_comp_level") ?? {};
  if (level < 1 || level > 9) throw invalidValue(position, args[0] ?? "");
  return level;
}

function readProxied(scope: Scope): readonly string[] {
  const { args = [], position = nowhere } = scope.one("gzip_proxied") ?? {};
  const wrong = args.find((word) => !proxiedWords.includes(word));
  if (wrong !== undefined) throw invalidValue(position, wrong);
  return args;
}
