import { get, one, request, type Scenario, slow } from "../scenario.ts";
import { ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
const format = "log_format status '$status $upstream_status';";
const logged = "access_log FOLDER/clients.log status;";
const unbuffered = "proxy_http_version 1.1; proxy_request_buffering off;";
const head = "POST /v1 HTTP/1.1\r\nHost: a.test\r\n";
/** A time that only those are given who let it pass: whoever is to be served may be late here. */
const impatient = "client_body_timeout 1s;";
const patient = head.replace("/v1", "/patient");
const letters = (text: string): readonly string[] => text.split("");
const chunk = (size: number): string => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;

/** Clients that are slow, silent, greedy or deaf. */
export const clientScenarios: readonly Scenario[] = [
  {
    name: "a head that does not come in time is not answered, whether it drips or was never begun",
    upstreams: { a: () => ok("body") },
    conf: server("client_header_timeout 1s; location / { proxy_pass http://@a; }"),
    steps: [slow([""]), slow(["GET / HT"]), slow(letters(`${head}X-Long: ${"a".repeat(40)}`), 100)],
  },
  {
    name: "a held body that falls silent is not answered, and one that drips is waited for",
    upstreams: { a: ({ body }) => ok(body) },
    conf: `${format} ${server(`${logged} location / { ${impatient} proxy_pass http://@a; } location /patient { proxy_pass http://@a; }`)}`,
    steps: [
      slow([`${head}Content-Length: 9\r\n\r\nabc`]),
      slow([`${head}Transfer-Encoding: chunked\r\n\r\n3\r\nab`]),
      slow([`${patient}Content-Length: 9\r\nConnection: close\r\n\r\n`, ...letters("abcdefghi")], 20),
    ],
  },
  {
    name: "a body that is passed on as it comes and falls silent is not answered",
    upstreams: { a: ({ body }) => ok(body) },
    conf: `${format} ${server(`${logged} location / { ${impatient} ${unbuffered} proxy_pass http://@a; } location /patient { ${unbuffered} proxy_pass http://@a; }`)}`,
    steps: [
      slow([`${head}Content-Length: 9\r\n\r\nabc`]),
      slow([`${head}Content-Length: 9\r\n\r\n`, "abc"], 100),
      slow([`${head}Transfer-Encoding: chunked\r\n\r\n`, "3\r\nabc\r\n", "4\r\na"], 100),
      slow([`${patient}Content-Length: 9\r\nConnection: close\r\n\r\n`, "abc", "def", "ghi"], 50),
    ],
  },
  {
    name: "client_max_body_size holds for a chunked body that is passed on as it comes",
    upstreams: { a: ({ body }) => ok(String(body.length)) },
    conf: `${format} ${server(`${logged} client_max_body_size 30k; location / { ${unbuffered} proxy_pass http://@a; } location /free { client_max_body_size 0; ${unbuffered} proxy_pass http://@a; }`)}`,
    steps: [
      one(request("POST /in", ["Transfer-Encoding: chunked"], `${chunk(20_000)}${chunk(10_000)}0\r\n\r\n`)),
      one(request("POST /free", ["Transfer-Encoding: chunked"], `${chunk(60_000)}0\r\n\r\n`)),
      slow([`${head}Transfer-Encoding: chunked\r\n\r\n${chunk(20_000)}`, `${chunk(20_000)}0\r\n\r\n`], 100),
      slow([`${head}Transfer-Encoding: chunked\r\n\r\n`, `${chunk(40_000)}0\r\n\r\n`], 100),
      one(request("POST /in", ["Content-Length: 40000"], "x".repeat(40_000))),
    ],
  },
  {
    name: "a large body is held, has a length, and is sent again to the next server",
    upstreams: { a: () => ({ kind: "reset" }), b: ({ body }) => ok(String(body.length)) },
    conf: `upstream u { server @a max_fails=0; server @b backup; } ${server(`client_max_body_size 0; client_body_buffer_size 16k;
      location / { proxy_pass http://u; } location /all { proxy_next_upstream error non_idempotent; proxy_pass http://u; }`)}`,
    steps: [
      one(request("PUT /", [], "x".repeat(100_000))),
      one(request("PUT /", ["Transfer-Encoding: chunked"], `${chunk(90_000)}${chunk(50_000)}0\r\n\r\n`)),
      one(request("POST /all", ["Transfer-Encoding: chunked"], `${chunk(20_000_000)}0\r\n\r\n`)),
      one(request("POST /", [], "x".repeat(100_000))),
    ],
  },
  {
    name: "a connection that asks nothing more is closed after keepalive_timeout",
    upstreams: { a: () => ok("body") },
    conf: server(
      "keepalive_timeout 1s; location / { proxy_pass http://@a; } location /other { keepalive_timeout 0; proxy_pass http://@a; }",
    ),
    steps: [slow([get("/", "Connection: keep-alive")]), slow([get("/other", "Connection: keep-alive")])],
  },
  {
    name: "send_timeout cuts a client that takes nothing of its response",
    upstreams: { a: () => ok("x".repeat(12_000_000)) },
    conf: server(
      "send_timeout 1s; location / { proxy_pass http://@a; } location /long { send_timeout 60s; proxy_pass http://@a; }",
    ),
    steps: [
      { kind: "unread", text: get("/"), until: "closed" },
      { kind: "unread", text: get("/long"), until: 2000 },
    ],
  },
];
