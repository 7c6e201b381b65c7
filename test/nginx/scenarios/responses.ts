import { get, one, request, type Scenario, sequence, slow } from "../scenario.ts";
import { response, ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
const format = "log_format bytes '$request_uri $status $body_bytes_sent $bytes_sent $upstream_status';";
const logged = "access_log FOLDER/answers.log bytes;";

/** What the log says of responses. */
export const responseScenarios: readonly Scenario[] = [
  {
    name: "the log counts what was sent, of the server's own responses too",
    upstreams: {
      a: () => ok("from a"),
      chunked: () => ({
        kind: "send",
        text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
        thenClose: true,
      }),
      error: () => response("503 No", "no service"),
      silent: () => ({ kind: "silence" }),
      broken: () => ({ kind: "send", text: "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nonly this", thenClose: true }),
    },
    conf: `${format} ${server(`${logged} client_max_body_size 8;
      location / { proxy_pass http://@a; }
      location /dead { proxy_pass http://@dead; }
      location /silent { proxy_read_timeout 300ms; proxy_pass http://@silent; }
      location /chunked { proxy_http_version 1.1; proxy_pass http://@chunked; }
      location /error { proxy_pass http://@error; }
      location /broken { proxy_pass http://@broken; }
      location /caught { proxy_intercept_errors on; error_page 503 /page; proxy_pass http://@error; }
      location /page { return 200 "a page"; }
      location /named { error_page 502 @other; proxy_pass http://@dead; }
      location /worse { error_page 502 = /error; proxy_pass http://@dead; }
      location @other { return 503; }
      location /text { return 200 text; }
      location /none { return 204; }
      location /moved { return 301 /text; }
      location /503 { return 503; }
      location /429 { return 429 "slow down"; }
      location /gone { return 444; }
      location /304 { return 304; }
      location /304text { return 304 text; }
      location /204text { return 204 text; }`)}`,
    steps: [
      ...["/", "/dead", "/silent", "/chunked", "/error", "/broken", "/caught", "/named", "/worse"].map((path) =>
        one(get(path)),
      ),
      ...["/text", "/none", "/moved", "/503", "/429", "/gone", "/304", "/304text", "/204text"].map((path) =>
        one(get(path)),
      ),
      ...["/", "/dead", "/text", "/503", "/chunked"].map((path) => one(request(`HEAD ${path}`))),
      one(request("POST /", [], "far too long")),
      one("GET /text HTTP/1.0\r\n\r\n"),
      one("GET /chunked HTTP/1.0\r\n\r\n"),
      one("GET /bad HTTP/1.1\r\nHost: a b\r\n\r\n"),
      one("GET /hostless HTTP/1.1\r\n\r\n"),
      sequence(
        get("/text", "Connection: keep-alive"),
        get("/503", "Connection: keep-alive"),
        get("/dead", "Connection: keep-alive"),
      ),
    ],
  },
  {
    name: "a client too slow with its body is a 408 in the log",
    upstreams: { a: ({ body }) => ok(body) },
    conf: `${format} ${server(`${logged} client_body_timeout 400ms;
      location / { proxy_pass http://@a; }
      location /stream { proxy_http_version 1.1; proxy_request_buffering off; proxy_pass http://@a; }`)}`,
    steps: [
      slow(["POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"]),
      slow(["POST /slow-chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"]),
      slow(["POST /stream/slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"]),
      slow(["POST /stream/slow-chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"]),
    ],
  },
  {
    name: "a client that leaves is a 499 or a 400 in the log",
    upstreams: { a: ({ body }) => ok(body), held: () => ({ ...ok("late"), held: true }) },
    conf: `${format} ${server(`${logged} location / { proxy_pass http://@a; } location /held { proxy_pass http://@held; }`)}`,
    steps: [
      { kind: "leave", text: get("/held") },
      { kind: "reset", text: "POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc" },
      { kind: "reset", text: "POST /gone-chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab" },
      one("POST /bad-chunk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"),
    ],
  },
];
