import { get, one, request, type Scenario, sequence, times } from "../scenario.ts";
import { ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;

const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** UTF-8 as the bytes of a latin1 text. */
const raw = (text: string): string => Buffer.from(text).toString("latin1");

/** What is easily taken for the same and is not. */
export const detailScenarios: readonly Scenario[] = [
  {
    name: "$status is what the client is told, in the text of a return and in an error page",
    upstreams: { a: ({ fields }) => ok(fields.find((field) => /^x-status:/i.test(field)) ?? "none") },
    conf: server(`error_page 404 /e; error_page 403 = /e; error_page 402 =200 /e; error_page 405 /up;
      location /404 { return 404; }
      location /403 { return 403; }
      location /402 { return 402; }
      location /405 { return 405; }
      location /text { return 418 "[$status]"; }
      location /moved { return 302 /to?$status; }
      location /added { add_header X-Status $status always; return 405 x; }
      location /up { proxy_set_header X-Status $status; proxy_pass http://@a; }
      location /e { return 200 "[$status]"; }`),
    steps: ["/404", "/403", "/402", "/405", "/text", "/moved", "/added"].map((path) => one(get(path))),
  },
  {
    name: "a map with hostnames finds a domain and what is below it",
    conf: `map $http_x_host $found { hostnames; default no; .example.com domain; *.star.com star; www.* www; exact.org exact; }
      ${server('location / { return 200 "$found"; }')}`,
    steps: [
      "example.com",
      "a.example.com",
      "a.b.EXAMPLE.com.",
      "xexample.com",
      "x.star.com",
      "star.com",
      "www.x",
      "exact.org.",
    ].map((host) => one(get("/", `X-Host: ${host}`))),
  },
  {
    name: "two lines of a header that may stand once are a 400, of others they are passed on",
    upstreams: { a: () => ok("from a") },
    conf: server("location / { proxy_pass http://@a; }"),
    steps: [
      "Authorization",
      "If-Modified-Since",
      "If-Unmodified-Since",
      "If-Match",
      "If-None-Match",
      "If-Range",
      "User-Agent",
      "Referer",
      "Content-Type",
      "Accept",
      "Via",
    ].map((name) => one(get("/", `${name}: a`, `${name}: b`))),
  },
  {
    name: "a chunked body that is malformed after its request was answered ends the connection without another response",
    conf: server('location / { return 200 "sent"; }'),
    steps: [sequence(chunked, "zz\r\n"), sequence(`${chunked}3\r\nabc\r\n`, "zz\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")],
  },
  {
    name: "a transfer coding other than chunked is refused, and any in HTTP/1.0",
    conf: server('location / { return 200 "sent"; }'),
    steps: ["gzip, chunked", "identity, chunked", "Chunked"]
      .map((codings) => one(request("POST /", [`Transfer-Encoding: ${codings}`], "0\r\n\r\n")))
      .concat(one(chunked.replace("1.1", "1.0") + "0\r\n\r\n")),
  },
  {
    name: "of two balancing methods the last one is taken",
    upstreams: { a: ({ upstream }) => ok(upstream), b: ({ upstream }) => ok(upstream) },
    conf: `upstream u { ip_hash; hash $arg_k; server @a; server @b; }
      ${server("location / { proxy_pass http://u; }")}`,
    steps: ["1", "2", "3", "4", "5"].flatMap((key) => times(2, get(`/?k=${key}`))),
  },
  {
    name: "a target whose UTF-8 nobody encoded is what it would be encoded",
    conf: server('location / { return 200 "$uri"; } location /模型 { return 200 "model"; }'),
    steps: [
      sequence(
        get(raw("/größe?q=日本"), "Connection: keep-alive"),
        get("/plain", "Connection: keep-alive"),
        request(`POST ${raw("/模型/一")}`, ["Connection: keep-alive"], "abc"),
        get("/%E6%A8%A1%E5%9E%8B"),
      ),
    ],
  },
];
