import { get, one, request, type Scenario, sequence } from "../scenario.ts";
import { response, ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
const echoing = { a: () => ok("body", ["Content-Type: text/x", "X-One: 1", "Server: up", "Date: then"]) };
const plainProxy = server("location / { proxy_pass http://@a; }");

/** Requests and responses as they pass through. */
export const messageScenarios: readonly Scenario[] = [
  {
    name: "GET, HEAD, OPTIONS, PUT and DELETE pass with nginx's fields",
    upstreams: echoing,
    conf: plainProxy,
    steps: [
      one(get("/a?b=c", "User-Agent: t", "Accept: */*", "X-Two: 2")),
      one(request("HEAD /")),
      one(request("OPTIONS /")),
      one(request("PUT /x", [], "put")),
      one(request("DELETE /x")),
    ],
  },
  {
    name: "a POST passes with its length, and a chunked one gets one",
    upstreams: echoing,
    conf: plainProxy,
    steps: [
      one(request("POST /", ["Content-Type: text/plain"], "hello")),
      one(request("POST /", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n3\r\n !!\r\n0\r\n\r\n")),
      one(request("POST /", ["Content-Length: 0"])),
      one(request("POST /")),
    ],
  },
  {
    name: "a request that is not buffered passes chunked as it came",
    upstreams: echoing,
    conf: server("location / { proxy_http_version 1.1; proxy_request_buffering off; proxy_pass http://@a; }"),
    steps: [
      // More than nginx reads along with the head.
      one(request("POST /", ["Transfer-Encoding: chunked"], `4e20\r\n${"x".repeat(20_000)}\r\n0\r\n\r\n`)),
      one(request("POST /", [], "sized")),
    ],
  },
  {
    name: "responses without a length are chunked for HTTP/1.1 and end with the connection for HTTP/1.0",
    upstreams: {
      a: ({ line }) =>
        line.includes("/chunked")
          ? {
              kind: "send",
              text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
              thenClose: true,
            }
          : { kind: "send", text: "HTTP/1.0 200 Fine\r\nX-A: b\r\n\r\nuntil the end", thenClose: true },
    },
    conf: plainProxy,
    steps: [
      one(get("/chunked")),
      one(get("/close")),
      one("GET /chunked HTTP/1.0\r\nHost: a.test\r\n\r\n"),
      one("GET /close HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"),
      one(request("HEAD /chunked")),
    ],
  },
  {
    name: "204, 304 and odd statuses pass with their own reason",
    upstreams: {
      a: ({ line }) => {
        const status = line.split(" ")[1]?.slice(1).replaceAll("_", " ") ?? "";
        if (/^(?:204|304)/.test(status)) return { kind: "send", text: `HTTP/1.1 ${status}\r\nETag: "x"\r\n\r\n` };
        return response(status, "text");
      },
    },
    conf: plainProxy,
    steps: ["/204_No_Content", "/304_Not_Modified", "/299_Odd", "/418_I_am_a_teapot", "/500_Oops"].map((path) =>
      one(get(path)),
    ),
  },
  {
    name: "a client that waits for a 100 gets it from the proxy",
    upstreams: echoing,
    conf: plainProxy,
    steps: [one(request("POST /", ["Expect: 100-continue", "Content-Length: 3"], "abc"))],
  },
  {
    name: "a response that breaks off is cut for the client too",
    upstreams: {
      a: ({ line }) =>
        line.includes("length")
          ? { kind: "send", text: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", thenClose: true }
          : {
              kind: "send",
              text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
              thenClose: true,
            },
    },
    conf: server("location / { proxy_http_version 1.1; proxy_pass http://@a; }"),
    steps: [one(get("/length")), one(get("/chunked"))],
  },
  {
    name: "bytes beyond the promised length are dropped",
    upstreams: {
      a: () => ({ kind: "send", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", thenClose: true }),
    },
    conf: plainProxy,
    steps: [one(get("/"))],
  },
  {
    name: "an upstream that answers nothing or half a head is a 502",
    upstreams: {
      a: ({ line }) => {
        if (line.includes("nothing")) return { kind: "close" };
        return { kind: "send", text: "HTTP/1.1 200 OK\r\nX-A", thenClose: true };
      },
    },
    conf: plainProxy,
    steps: [one(get("/nothing")), one(get("/half"))],
  },
  {
    name: "proxy_set_header is inherited whole or not at all, and an empty value removes",
    upstreams: echoing,
    conf: server(`proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      location / { proxy_pass http://@a; }
      location /own { proxy_set_header X-Own "$request_method $scheme $server_protocol"; proxy_set_header Accept ""; proxy_pass http://@a; }`),
    steps: [
      one(get("/", "X-Forwarded-For: 10.0.0.1", "X-Real-IP: 1.2.3.4")),
      one(get("/own", "Accept: x", "X-Own: client")),
    ],
  },
  {
    name: "names with other characters than letters, digits and dashes are passed over",
    upstreams: echoing,
    conf: plainProxy,
    steps: [one(get("/", "X_Under: 1", "X-Good: 2", "X.Dot: 3"))],
  },
  {
    name: "hop-by-hop fields stay, hidden ones are hidden and passed ones pass",
    upstreams: {
      a: () =>
        ok("x", [
          "X-Accel-Expires: 1",
          "X-Secret: s",
          "Server: up",
          "Connection: close",
          "Keep-Alive: timeout=1",
          "X-Seen: y",
        ]),
    },
    conf: server("location / { proxy_hide_header X-Secret; proxy_pass_header Server; proxy_pass http://@a; }"),
    steps: [one(get("/", "Keep-Alive: 1", "TE: trailers", "Upgrade: x", "Proxy-Connection: y"))],
  },
  {
    name: "proxy_method, proxy_set_body and proxy_pass_request_headers change the request",
    upstreams: echoing,
    conf: server(`location /m { proxy_method PUT; proxy_pass http://@a; }
      location /b { proxy_set_body "new $arg_x"; proxy_pass http://@a; }
      location /h { proxy_pass_request_headers off; proxy_pass http://@a; }`),
    steps: [one(request("POST /m", [], "abc")), one(request("POST /b?x=1", [], "abcdef")), one(get("/h", "X-A: 1"))],
  },
  {
    name: "client_max_body_size refuses what is announced too large, and what becomes too large",
    upstreams: echoing,
    conf: server(
      "client_max_body_size 10; location / { proxy_pass http://@a; } location /any { client_max_body_size 0; proxy_pass http://@a; }",
    ),
    steps: [
      one(request("POST /", ["Connection: keep-alive", "Content-Length: 11"], "01234567890")),
      one(request("POST /", ["Connection: keep-alive", "Transfer-Encoding: chunked"], "b\r\n01234567890\r\n0\r\n\r\n")),
      one(request("POST /", [], "0123456789")),
      one(request("POST /any", [], "01234567890")),
    ],
  },
  {
    name: "a large body that is refused does not take the response away",
    upstreams: echoing,
    conf: server("client_max_body_size 1k; location / { proxy_pass http://@a; }"),
    steps: [one(request("POST /", ["Connection: keep-alive"], "x".repeat(3_000_000)))],
  },
  {
    name: "client connections are kept or closed by nginx's rules",
    upstreams: echoing,
    conf: server(`location / { proxy_pass http://@a; }
      location /off { keepalive_timeout 0; return 200 off; } location /two { keepalive_requests 2; return 200 two; }
      location /head { keepalive_timeout 75s 60s; return 200 head; }`),
    steps: [
      sequence(get("/", "Connection: keep-alive"), get("/", "X-A: b"), ""),
      one(get("/off", "Connection: keep-alive")),
      sequence(get("/two", "Connection: keep-alive"), get("/two", "Connection: keep-alive")),
      one(get("/head", "Connection: keep-alive")),
      one("GET /head HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
      one("GET /head HTTP/1.0\r\n\r\n"),
    ].map((step) => (step.kind === "requests" ? { ...step, texts: step.texts.filter((text) => text !== "") } : step)),
  },
  {
    name: "a client that leaves takes its request with it, unless proxy_ignore_client_abort",
    upstreams: { a: () => ({ ...ok("x"), thenClose: true, held: true }) },
    conf: `log_format s "$request_uri $status $upstream_status"; ${server(`access_log FOLDER/gone.log s; location / { proxy_pass http://@a; }
      location /ignore { proxy_ignore_client_abort on; proxy_pass http://@a; }`)}`,
    steps: [
      { kind: "leave", text: get("/leave") },
      { kind: "leave", text: `${get("/early", "Connection: keep-alive")}GET /next HT` },
      { kind: "leave", text: get("/ignore"), goesOn: true },
    ],
  },
  {
    name: "a client that stops in its body is left after client_body_timeout",
    upstreams: echoing,
    conf: `log_format s "$request_uri $status"; ${server(`client_body_timeout 300ms; location / { access_log FOLDER/late.log s; proxy_pass http://@a; }`)}`,
    steps: [one(request("POST /", ["Content-Length: 10"], "abc"))],
  },
  {
    name: "what is no proper request is a 400",
    upstreams: echoing,
    conf: plainProxy,
    steps: [
      one("GET / HTTP/1.1\r\n\r\n"),
      one("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
      one("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
      one("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      one("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
      one("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
      one("GET /../.. HTTP/1.1\r\nHost: a\r\n\r\n"),
      one("NOT HTTP\r\n\r\n"),
    ],
  },
  {
    name: "a unix socket is an upstream like any other",
    upstreams: { "unix:a": ({ upstream }) => ok(upstream) },
    conf: `upstream u { server @unix:a; } ${server("location / { proxy_pass http://u; } location /direct/ { proxy_pass http://@unix:a:/x/; }")}`,
    steps: [one(get("/")), one(get("/direct/y"))],
  },
  {
    name: "the access log says the same",
    upstreams: { a: ({ upstream }) => ok(upstream), b: () => response("503 No", "no") },
    conf: `upstream u { server @dead; server @b max_fails=0; server @a backup; }
      log_format mine '$remote_addr "$request" $status $body_bytes_sent up=$upstream_status len=$upstream_response_length ref="$http_referer" $host $uri $args $is_args $request_length $bytes_sent';
      log_format j escape=json '{"ua":"$http_user_agent","none":"$http_none","s":$status}';
      map $status $loud { ~^[45] 1; default 0; }
      ${server(`access_log FOLDER/access.log mine; access_log FOLDER/access.log j; access_log FOLDER/loud.log mine if=$loud;
      location / { proxy_next_upstream error http_503; proxy_pass http://u; } location /r { return 404; }`)}`,
    steps: [
      one(get("/x?y=1", 'User-Agent: "q" \\ \u00e9', "Referer: http://r/")),
      one(request("POST /p", [], "abc")),
      one(get("/r")),
      one(request("HEAD /h")),
    ],
  },
];
