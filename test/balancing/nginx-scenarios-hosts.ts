import { one, type Scenario } from "./scenario.ts";
import { ok } from "./scripted-upstream.ts";

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

/** Hosts that name somebody, and those that do not. */
export const hostScenarios: readonly Scenario[] = [
  {
    name: "a Host that names nobody is a 400",
    upstreams: { a: ({ fields }) => ok(fields.find((field) => /^x-host:/i.test(field)) ?? "none") },
    conf: server(`server_name a.test; location / { proxy_set_header X-Host $host; proxy_pass http://@a; }`),
    steps: hosts.map((host) => one(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)),
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
