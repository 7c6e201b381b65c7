import { get, one, request, type Scenario, sequence } from "../scenario.ts";
import { ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
const long = "some words ".repeat(40);
const html = "Content-Type: text/html; charset=utf-8";
const json = "Content-Type: application/json";
const gzip = "Accept-Encoding: gzip, deflate";

/** Compression of responses. */
export const gzipScenarios: readonly Scenario[] = [
  {
    name: "gzip alone is for text/html, and for clients that take it",
    upstreams: {
      a: ({ line }) =>
        ok(line.includes("short") ? "short" : long, [
          line.includes("json") ? json : html,
          ...(line.includes("coded") ? ["Content-Encoding: br"] : []),
          "Accept-Ranges: bytes",
          'ETag: "1"',
        ]),
    },
    conf: `gzip on; ${server("location / { proxy_pass http://@a; } location /text { default_type text/html; return 200 abcdefghijklmnopqrstuvwxyz; } location /403 { return 403; } location /404 { return 404; } location /502 { proxy_pass http://@dead; }")}`,
    steps: [
      one(get("/html", gzip)),
      one(get("/html")),
      ...["gzip", "*", "deflate", "gzip;q=0", "gzip;q=0.5, br", "br,gzip;q=1.0", "xgzip"].map((field) =>
        one(get("/html", `Accept-Encoding: ${field}`)),
      ),
      one(get("/short", gzip)),
      one(get("/json", gzip)),
      one(get("/coded", gzip)),
      one(get("/html", gzip, "Via: 1.1 other")),
      ...["/html", "/403", "/404", "/text"].map((path) => one(request(`HEAD ${path}`, [gzip]))),
      one(`GET /html HTTP/1.0\r\n${gzip}\r\n\r\n`),
      ...["/403", "/404", "/502"].map((path) => one(get(path, gzip))),
      sequence(
        get("/html", gzip, "Connection: keep-alive"),
        get("/html", gzip, "Connection: keep-alive"),
        get("/html", gzip),
      ),
    ],
  },
  {
    name: "gzip's other directives say what else, from where and for whom",
    upstreams: {
      a: ({ line }) =>
        ok(line.includes("short") ? "short" : long, [
          line.includes("json") ? json : "Content-Type: text/css",
          "Cache-Control: no-store",
        ]),
    },
    conf: `gzip on; gzip_types application/json text/css; gzip_min_length 10; gzip_comp_level 6; gzip_vary on; gzip_http_version 1.0;
      gzip_proxied no-store auth; gzip_disable "Old.*Agent" msie6; gzip_buffers 16 8k;
      ${server("location / { proxy_pass http://@a; } location /any { gzip_types *; gzip_proxied any; proxy_pass http://@a; } location /off { gzip off; proxy_pass http://@a; } location /auth { gzip_proxied auth; proxy_pass http://@a; } location /text { return 200 abcdefghijklmnopqrstuvwxyz; }")}`,
    steps: [
      ...["/json", "/css", "/short", "/any/json", "/off/json", "/text"].map((path) => one(get(path, gzip))),
      one(get("/json")),
      one(`GET /json HTTP/1.0\r\n${gzip}\r\n\r\n`),
      ...["an Old old Agent", "Mozilla/4.0 (compatible; MSIE 6.0; Windows)", "curl"].map((agent) =>
        one(get("/json", gzip, `User-Agent: ${agent}`)),
      ),
      ...["/json", "/any/json", "/auth/json"].map((path) => one(get(path, gzip, "Via: 1.1 other"))),
      one(get("/auth/json", gzip, "Via: 1.1 other", "Authorization: x")),
    ],
  },
  {
    name: "a chunked response and one cut short are compressed as they come",
    upstreams: {
      chunked: () => ({
        kind: "send",
        text: `HTTP/1.1 200 OK\r\n${html}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
        thenClose: true,
      }),
      large: () => ({ kind: "send", text: `HTTP/1.0 200 OK\r\n${html}\r\n\r\n${long.repeat(5000)}`, thenClose: true }),
    },
    conf: `gzip on; ${server("location / { proxy_http_version 1.1; proxy_pass http://@chunked; } location /large { proxy_pass http://@large; }")}`,
    steps: [one(get("/", gzip)), one(get("/large", gzip))],
  },
];
