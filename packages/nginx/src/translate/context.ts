import type { LogFormat, NginxCompat, UpstreamGroupModel } from "../model/model.ts";
import type { OwnVariables } from "../model/template.ts";

/** Files and defaults that nginx gets at compile time or by `-p`. */
export interface NginxPaths {
  /** Where logs and the pid file are looked for (nginx's prefix), absolute. */
  readonly prefix: string;
  /** Where certificates and included files are looked for, absolute. */
  readonly confPrefix: string;
  readonly pid: string;
  /** `stderr` is standard error. */
  readonly errorLog: string;
  readonly accessLog: string;
}

/** What the parts of a translation share. */
export interface TranslateContext {
  readonly compat: NginxCompat;
  readonly paths: NginxPaths;
  readonly own: OwnVariables;
  readonly formats: ReadonlyMap<string, LogFormat>;
  /** Groups by name; `proxy_pass` to an address adds one. */
  readonly upstreams: Map<string, UpstreamGroupModel>;
  readonly warnings: string[];
}
