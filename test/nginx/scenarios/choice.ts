import { get, one, request, type Scenario, sequence, times, together } from "../scenario.ts";
import { response, ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
const named = ({ upstream }: { readonly upstream: string }) => ok(upstream);
const three = { a: named, b: named, c: named };

/** For servers that count as failed to the end of the scenario, however long that takes. */
const long = "fail_timeout=1h";

/** Choosing a server, failures and retries. */
export const choiceScenarios: readonly Scenario[] = [
  {
    name: "smooth weighted round robin picks 5/1/1 in nginx's order",
    upstreams: three,
    conf: `upstream u { server @a weight=5; server @b; server @c; } ${server("location / { proxy_pass http://u; }")}`,
    steps: times(14, get("/")),
  },
  {
    name: "least_conn takes the one with the fewest requests for its weight",
    upstreams: {
      a: () => ({ ...ok("a"), held: true }),
      b: () => ({ ...ok("b"), held: true }),
      c: () => ({ ...ok("c"), held: true }),
    },
    conf: `upstream u { least_conn; server @a weight=2; server @b; server @c; } ${server("location / { proxy_pass http://u; }")}`,
    steps: [together(get("/1"), get("/2"), get("/3"), get("/4"), get("/5"), get("/6"), get("/7"))],
  },
  {
    name: "ip_hash keeps a client with its server",
    upstreams: three,
    conf: `upstream u { ip_hash; server @a; server @b; server @c; } ${server("location / { proxy_pass http://u; }")}`,
    steps: times(4, get("/")),
  },
  {
    name: "hash places keys as nginx does, weights included",
    upstreams: three,
    conf: `upstream u { hash $arg_k; server @a weight=3; server @b; server @c; } ${server("location / { proxy_pass http://u; }")}`,
    steps: Array.from({ length: 24 }, (_, index) => one(get(`/?k=key-${index}`))),
  },
  {
    name: "hash goes on to the next place when its server is gone",
    upstreams: { a: named, b: named },
    conf: `upstream u { hash $arg_k; server @a; server @dead ${long}; server @b; } ${server("location / { proxy_pass http://u; }")}`,
    steps: Array.from({ length: 12 }, (_, index) => one(get(`/?k=key-${index}`))),
  },
  {
    name: "a refused server is passed over unseen, and left alone while it counts as failed",
    upstreams: { b: named },
    conf: `upstream u { server @dead ${long}; server @b; } ${server("location / { proxy_pass http://u; add_header X-Addr $upstream_status; }")}`,
    steps: times(4, get("/")),
  },
  {
    name: "all refused is a 502, and then there are no live servers",
    conf: `upstream u { server @dead ${long}; server @dead2 ${long}; } ${server("location / { proxy_pass http://u; add_header X-S $upstream_status always; }")}`,
    steps: times(2, get("/")),
  },
  {
    name: "one server alone is asked again and again",
    conf: `upstream u { server @dead; } ${server("location / { proxy_pass http://u; add_header X-S $upstream_status always; }")}`,
    steps: times(2, get("/")),
  },
  {
    name: "backup servers come only when the others failed",
    upstreams: { a: named },
    conf: `upstream u { server @dead ${long}; server @dead2 ${long}; server @a backup; } ${server("location / { proxy_pass http://u; add_header X-S $upstream_status; }")}`,
    steps: times(2, get("/")),
  },
  {
    name: "a server marked down is never asked",
    upstreams: three,
    conf: `upstream u { server @a down; server @b; server @c; } ${server("location / { proxy_pass http://u; }")}`,
    steps: times(4, get("/")),
  },
  {
    name: "max_fails=2 allows one more failure",
    upstreams: { a: () => ({ kind: "reset" }), b: named },
    conf: `upstream u { server @a max_fails=2 ${long}; server @b; } ${server("location / { proxy_pass http://u; add_header X-S $upstream_status; }")}`,
    steps: times(6, get("/")),
  },
  {
    name: "max_fails=0 never takes a server out",
    upstreams: { a: () => ({ kind: "reset" }), b: named },
    conf: `upstream u { server @a max_fails=0; server @b; } ${server("location / { proxy_pass http://u; add_header X-S $upstream_status; }")}`,
    steps: times(6, get("/")),
  },
  {
    name: "after fail_timeout one request tries the server again, and its success brings it back",
    upstreams: { a: ({ upstream }, n) => (n === 1 ? { kind: "reset" } : ok(upstream)), b: named },
    conf: `upstream u { server @a fail_timeout=3s; server @b; } ${server("location / { proxy_pass http://u; }")}`,
    steps: [one(get("/")), { kind: "wait", ms: 4300 }, ...times(4, get("/"))],
  },
  {
    name: "max_conns holds the next request off, and with no server left it is a 502",
    upstreams: { a: () => ({ ...ok("a"), held: true }), b: () => ({ ...ok("b"), held: true }) },
    conf: `upstream u { zone z 64k; server @a max_conns=1; server @b max_conns=1; } ${server("location / { proxy_pass http://u; }")}`,
    steps: [together(get("/1"), get("/2"), get("/3"))],
  },
  {
    name: "a response that never comes is a 504 after proxy_read_timeout",
    upstreams: { a: () => ({ kind: "silence" }) },
    conf: server("location / { proxy_read_timeout 300ms; proxy_pass http://@a; }"),
    steps: [one(get("/"))],
  },
  {
    name: "a timeout goes to the next server",
    // One that responds might be late in the same time.
    upstreams: { a: () => ({ kind: "silence" }) },
    conf: `upstream u { server @a ${long}; server @dead ${long}; } ${server("location / { proxy_read_timeout 300ms; proxy_pass http://u; add_header X-S $upstream_status always; }")}`,
    steps: times(2, get("/")),
  },
  {
    name: "all timed out is a 504",
    upstreams: { a: () => ({ kind: "silence" }), b: () => ({ kind: "silence" }) },
    conf: `upstream u { server @a ${long}; server @b ${long}; } ${server("location / { proxy_read_timeout 200ms; proxy_pass http://u; }")}`,
    steps: times(2, get("/")),
  },
  {
    name: "a GET is sent again after the server closed, a POST is not, unless non_idempotent",
    upstreams: { a: () => ({ kind: "close" }), b: named },
    conf: `upstream u { server @a max_fails=0; server @b backup; } ${server(
      "location / { proxy_pass http://u; } location /again { proxy_next_upstream error timeout non_idempotent; proxy_pass http://u; }",
    )}`,
    steps: [one(get("/")), one(request("POST /", [], "abc")), one(request("POST /again", [], "abc"))],
  },
  {
    name: "a refused POST goes to the next server",
    upstreams: { b: named },
    conf: `upstream u { server @dead ${long}; server @b; } ${server("location / { proxy_pass http://u; }")}`,
    steps: [one(request("POST /", [], "abc")), one(request("POST /", [], "abc"))],
  },
  {
    name: "a response that is no HTTP is a 502, and goes on only where invalid_header is listed",
    upstreams: {
      a: () => ({ kind: "send", text: "HTTP/1.1 200 OK\r\nbad header\r\n\r\n", thenClose: true }),
      b: named,
    },
    conf: `upstream u { server @a max_fails=0; server @b backup; } ${server(
      "location / { proxy_pass http://u; } location /on { proxy_next_upstream invalid_header; proxy_pass http://u; }",
    )}`,
    steps: [one(get("/")), one(get("/on"))],
  },
  {
    name: "listed statuses go to the next server, and the last one's response is passed on",
    upstreams: {
      a: ({ line }) => response(line.includes("404") ? "404 Not Found" : "503 Service Unavailable", "from a"),
      b: ({ line }) => (line.includes("both") ? response("503 Busy", "from b") : ok("b")),
    },
    conf: `upstream u { server @a max_fails=0; server @b max_fails=0; } ${server(
      "location / { proxy_next_upstream http_503 http_404; proxy_pass http://u; add_header X-S $upstream_status always; } location /no { proxy_pass http://u; }",
    )}`,
    steps: [get("/503"), get("/503"), get("/404"), get("/both"), get("/both"), get("/no"), get("/no")].map(one),
  },
  {
    name: "proxy_next_upstream off tries one server only",
    upstreams: { b: named },
    conf: `upstream u { server @dead ${long}; server @b; } ${server("location / { proxy_next_upstream off; proxy_pass http://u; }")}`,
    steps: times(2, get("/")),
  },
  {
    name: "proxy_next_upstream_tries counts attempts",
    upstreams: { c: named },
    conf: `upstream u { server @dead max_fails=0; server @dead2 max_fails=0; server @c; } ${server(
      "location / { proxy_next_upstream_tries 2; proxy_pass http://u; add_header X-S $upstream_status always; }",
    )}`,
    steps: times(3, get("/")),
  },
  {
    name: "proxy_next_upstream_timeout ends the search",
    upstreams: { a: () => ({ kind: "silence" }), b: named },
    conf: `upstream u { server @a max_fails=0; server @b backup; } ${server(
      "location / { proxy_read_timeout 400ms; proxy_next_upstream_timeout 200ms; proxy_pass http://u; }",
    )}`,
    steps: [one(get("/"))],
  },
  {
    name: "connections to servers are kept and used again, and a stale one costs nothing",
    upstreams: {
      a: ({ upstream }, n) => (n === 3 ? { ...ok(upstream), thenClose: true } : ok(upstream)),
    },
    conf: `upstream u { server @a; keepalive 2; } ${server('location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }')}`,
    steps: [...times(3, get("/")), { kind: "wait", ms: 50 }, ...times(2, get("/"))],
  },
  {
    name: "a kept connection that breaks at once gives the request another try",
    upstreams: {
      a: ({ connection }, n) => (connection === 1 && n === 2 ? { kind: "reset" } : ok(`connection ${connection}`)),
    },
    conf: `upstream u { server @a; keepalive 2; } ${server('location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }')}`,
    steps: times(3, get("/")),
  },
  {
    name: "requests on one client connection go to servers in turn",
    upstreams: three,
    conf: `upstream u { server @a; server @b; server @c; } ${server("location / { proxy_pass http://u; }")}`,
    steps: [sequence(...Array.from({ length: 5 }, () => get("/", "Connection: keep-alive")))],
  },
];
