import { dirname, resolve } from "node:path";
import { type ConfigPosition, NginxConfigError } from "./errors.ts";
import { type ConfigFiles, systemFiles } from "./read/config-files.ts";
import { readSentences } from "./read/lexer.ts";
import type { NginxCompat, NginxModel } from "./model/model.ts";
import { type Directive, parseConfig, type ParsedConfig } from "./read/parse.ts";
import { translate, type TranslateOptions } from "./translate/translate.ts";
import type { NginxPaths } from "./translate/context.ts";

export interface LoadOptions {
  /** The configuration file. */
  readonly path: string;
  /** Directives of nginx's `-g`. */
  readonly globals?: string;
  /** @default the real file system */
  readonly files?: ConfigFiles;
  /** @default "1.29.7" */
  readonly compat?: NginxCompat;
  readonly paths?: Partial<NginxPaths>;
  /**
   * `whole`: a file nginx would take. `part`: may also be one that an `http` block includes, with `upstream` and `server` at its top.
   * @default "whole"
   */
  readonly form?: "whole" | "part";
}

export interface LoadedNginxConfig {
  readonly model: NginxModel;
  readonly parsed: ParsedConfig;
}

/** Where nginx.org's packages look; `-p`, `-e` and directives change it. */
export const defaultPaths: Omit<NginxPaths, "confPrefix"> & { readonly conf: string } = {
  conf: "/etc/nginx/nginx.conf",
  prefix: "/etc/nginx",
  pid: "/run/nginx.pid",
  errorLog: "/var/log/nginx/error.log",
  accessLog: "/var/log/nginx/access.log",
};

/** Reads, checks and translates a configuration. @throws NginxConfigError */
export function loadNginxConfig(options: LoadOptions): LoadedNginxConfig {
  const { parsed, translation } = read(options, "throw");
  return { model: translate(parsed, translation), parsed };
}

/**
 * As `loadNginxConfig`, but what Drover cannot do or does not know is left out, in the parser or here, and listed.
 * @throws NginxConfigError for what nginx would not take either
 */
export function loadWhatCanBe(options: LoadOptions): LoadedNginxConfig {
  const { parsed: whole, translation } = read(options, "collect");
  let parsed = whole;
  for (;;) {
    try {
      return { model: translate(parsed, translation), parsed };
    } catch (error) {
      if (!(error instanceof NginxConfigError) || error.code === "NGINX_CONFIG") throw error;
      const left = without(parsed.directives, error.position);
      if (left.taken === undefined) throw error;
      const refused = [...parsed.refused, { directive: left.taken, why: error.message }];
      parsed = { ...parsed, directives: left.directives, refused };
    }
  }
}

/** The directives without the one that stands there, by the very object: several may stand on one line. */
function without(
  directives: readonly Directive[],
  position: ConfigPosition | undefined,
): { readonly directives: readonly Directive[]; readonly taken: Directive | undefined } {
  for (const [index, directive] of directives.entries()) {
    const { rows = [] } = directive;
    if (directive.position === position || rows.some((row) => row.position === position))
      return { directives: directives.toSpliced(index, 1), taken: directive };
    const inside = without(directive.block ?? [], position);
    if (inside.taken === undefined) continue;
    return { directives: directives.with(index, { ...directive, block: inside.directives }), taken: inside.taken };
  }
  return { directives, taken: undefined };
}

function read(
  options: LoadOptions,
  refused: "throw" | "collect",
): { readonly parsed: ParsedConfig; readonly translation: TranslateOptions } {
  const files = options.files ?? systemFiles;
  const path = resolve(options.path);
  const paths: NginxPaths = { ...defaultPaths, confPrefix: dirname(path), ...options.paths };
  const isPart = options.form === "part" && isPartOfHttp(files, path);
  const top = isPart ? "http" : "main";
  const { globals } = options;
  const whole = parseConfig(path, files, { prefix: paths.confPrefix, globals, top, refused });
  const parsed = isPart ? { ...whole, directives: inHttp(whole.directives, path) } : whole;
  return {
    parsed,
    translation: { compat: options.compat ?? "1.29.7", paths, needsEvents: options.form !== "part" },
  };
}

/** Whether `server` or `upstream` stand at the top, as in a file of `conf.d`. What cannot be read is judged by the parser. */
function isPartOfHttp(files: ConfigFiles, path: string): boolean {
  let depth = 0;
  try {
    for (const sentence of readSentences(files.read(path), path)) {
      if (sentence.end === "}") depth -= 1;
      else if (
        sentence.end !== "eof" &&
        depth === 0 &&
        /^(?:server|upstream|map|log_format)$/.test(sentence.words[0] ?? "")
      ) {
        return true;
      }
      if (sentence.end === "{") depth += 1;
    }
  } catch {
    return false;
  }
  return false;
}

function inHttp(directives: readonly Directive[], file: string): readonly Directive[] {
  return [{ name: "http", args: [], position: { file, line: 1 }, block: directives }];
}
