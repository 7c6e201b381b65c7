import { get, one, type Scenario } from "../scenario.ts";
import { ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;

/** Good names, odd ones and bad ones; each is sent as it stands. */
const hosts: readonly string[] = [
  "a.test",
  "A.Test:8080",
  "a.test.",
  "a.test.:80",
  "a_b.test",
  "a-.test",
  "127.0.0.1",
  "[::1]",
  "[::1]:80",
  "[a.b]:80",
  "",
  "   ",
  ":",
  ":80",
  ".",
  "..",
  ".a",
  "a..b",
  "a..",
  "a/b",
  "a b",
  "a\tb",
  "a\u0001b",
  "a\u007fb",
  "a:80/x",
  "a:80 x",
  "[::1]/x",
  "[a b]",
];

const long = (length: number): string => "x".repeat(length);

/** Heads: hosts that name somebody or nobody, and lines that are too long. */
export const hostScenarios: readonly Scenario[] = [
  {
    name: "a Host that names nobody is a 400",
    upstreams: { a: ({ fields }) => ok(fields.find((field) => /^x-host:/i.test(field)) ?? "none") },
    conf: server(`server_name a.test; location / { proxy_set_header X-Host $host; proxy_pass http://@a; }`),
    steps: hosts.map((host) => one(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)),
  },
  {
    name: "each line of a head must fit into one of large_client_header_buffers",
    upstreams: { a: () => ok("small enough") },
    conf: server("large_client_header_buffers 4 2k; location / { proxy_pass http://@a; }"),
    steps: [
      one(get(`/${long(1900)}`)),
      one(get(`/${long(2048 - "GET / HTTP/1.1\r\n".length)}`)),
      one(get(`/${long(2049 - "GET / HTTP/1.1\r\n".length)}`)),
      one(get(`/${long(5000)}`)),
      one(get("/", `X-A: ${long(2048 - "X-A: \r\n".length)}`)),
      one(get("/", `X-A: ${long(2049 - "X-A: \r\n".length)}`)),
      one(get("/", `X-A: ${long(5000)}`)),
      one(get("/", ...[1, 2, 3].map((n) => `X-${n}: ${long(1800)}`))),
      one(get("/", ...[1, 2, 3, 4, 5, 6].map((n) => `X-${n}: ${long(1800)}`))),
      one(get(`/${long(1900)}`, ...[1, 2, 3, 4].map((n) => `X-${n}: ${long(1900)}`))),
    ],
  },
  {
    name: "client_header_buffer_size lets a head in that is larger than the large ones",
    upstreams: { a: () => ok("small enough") },
    conf: server(
      "client_header_buffer_size 8k; large_client_header_buffers 2 2k; location / { proxy_pass http://@a; }",
    ),
    steps: [one(get(`/${long(4000)}`)), one(get("/", `X-A: ${long(5000)}`)), one(get("/", `X-A: ${long(8200)}`))],
  },
  {
    name: "a target in absolute form may name a host, and its Host is looked at all the same",
    upstreams: { a: ({ fields }) => ok(fields.find((field) => /^x-host:/i.test(field)) ?? "none") },
    conf: server(`location / { proxy_set_header X-Host $host; proxy_pass http://@a; }`),
    steps: [
      ["http://a.test/", "b"],
      ["http://a.test:80/", "b"],
      ["http://a..test/", "b"],
      ["http://.a/", "b"],
      ["http://a_b/", "b"],
      ["http://[::1]:80/", "b"],
      ["http://a.test/", "b c"],
      ["http://a.test/", "b..c"],
      ["http://a.test:8x/", "b"],
      ["http://u@a.test/", "b"],
      ["http:///", "b"],
      ["http://a.test?x", "b"],
    ].map(([target, host]) => one(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)),
  },
];
