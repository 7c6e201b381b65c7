import type { NginxRegex } from "./regex.ts";

/** When and how responses are compressed (`ngx_http_gzip_filter_module`). */
export interface GzipRules {
  readonly level: number;
  /** In lower case; `*` is any. */
  readonly types: ReadonlySet<string>;
  readonly fewestBytes: number;
  readonly httpVersion: "1.0" | "1.1";
  /** What lets the response to another proxy's request be compressed. */
  readonly proxied: ReadonlySet<string>;
  readonly vary: boolean;
  /** Of user agents that get nothing compressed. */
  readonly disabled: readonly NginxRegex[];
}
