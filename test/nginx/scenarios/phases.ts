import { get, one, request, type Scenario } from "../scenario.ts";
import { response, ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
const lined = { a: ({ line }: { readonly line: string }) => ok(line) };

/** Servers, locations, redirects, error pages, variables. */
export const phaseScenarios: readonly Scenario[] = [
  {
    name: "locations are found in nginx's order",
    conf: server(`location / { return 200 root; } location = / { return 200 exact; } location /docs/ { return 200 docs; }
      location ^~ /img/ { return 200 img; } location ~* \\.(gif|jpg)$ { return 200 "pic $1"; } location ~ ^/docs/(?<rest>.+)$ { return 200 "rest $rest"; }
      location /v1/ { return 200 v1; location /v1/chat { return 200 chat; } location ~ models$ { return 200 models; } }`),
    steps: [
      "/",
      "/x",
      "/docs/",
      "/docs/a/b",
      "/img/x.gif",
      "/x.JPG",
      "/v1/chat/y",
      "/v1/models",
      "/v1/x",
      "/%64ocs/",
      "/a/../docs/",
      "//docs//q",
    ].map((path) => one(get(path))),
  },
  {
    name: "servers are found by name in nginx's order",
    conf: `server { listen LISTEN; server_name first; return 200 first; }
      server { listen LISTEN default_server; server_name _; return 200 default; }
      server { listen LISTEN; server_name www.x.test; return 200 exact; }
      server { listen LISTEN; server_name *.x.test; return 200 star; }
      server { listen LISTEN; server_name .dot.test; return 200 dot; }
      server { listen LISTEN; server_name mail.*; return 200 mail; }
      server { listen LISTEN; server_name ~^(?<who>\\w+)\\.re\\.test$; return 200 "re $who $server_name"; }`,
    steps: [
      "first",
      "www.x.test",
      "WWW.X.TEST:99",
      "a.b.x.test",
      "dot.test",
      "a.dot.test",
      "mail.any",
      "bob.re.test",
      "none",
      "www.x.test.",
    ].map((host) => one(get("/", `Host: ${host}`))),
  },
  {
    name: "return answers with texts, redirects, statuses and by closing",
    conf: server(`location /text { default_type text/x; return 200 "hi $uri"; } location /html.html { return 200 x; } location /none { return 204; }
      location /301 { return 301 /to$is_args$args; } location /302 { return 302 http://other/$host; } location /307 { return 307 https://x/; }
      location /url { return http://plain/; } location /404 { return 404; } location /404t { return 404 "not here"; } location /403 { return 403; }
      location /444 { return 444; } location /418 { return 418; } location /200 { return 200; } location /503 { return 503; }`),
    steps: [
      ...[
        "/text",
        "/html.html",
        "/none",
        "/301?a=b",
        "/302",
        "/307",
        "/url",
        "/404",
        "/404t",
        "/403",
        "/444",
        "/418",
        "/200",
        "/503",
      ].map((path) => one(get(path))),
      one(request("HEAD /text")),
      one(request("POST /404", [], "abc")),
      one(get("/404", "User-Agent: Chrome/100")),
    ],
  },
  {
    name: "if decides by what variables are, in the order of the file",
    upstreams: { a: ({ line }) => ok(line) },
    conf: server(`server_name a.test b.test; set $which none;
      if ($host = b.test) { return 301 https://$host$request_uri; }
      if ( $arg_a ) { set $which a; }
      if ($arg_a !~* "^(?<first>x)(.*)") { set $which "$which-no-x"; }
      if ($arg_a ~ ^x(.)) { set $rest $1; }
      location / { if ($request_method != GET) { return 405; } add_header X-W $which/$first/$rest; proxy_pass http://@a; }
      location /t { if ($which = a$arg_b) { return 200 same; } if ($arg_c) { set $which c; } return 200 $which; }`),
    steps: [
      one(get("/x?y", "Host: b.test")),
      ...["/", "/?a", "/?a=", "/?a=0", "/?a=1", "/?a=xyz", "/?a=XYZ"].map((path) => one(get(path))),
      ...["/t", "/t?a=1", "/t?a=xy", "/t?a=xy&b=b", "/t?c=1", "/t?a=xy&c=1"].map((path) => one(get(path))),
      one(request("POST /", [], "abc")),
    ],
  },
  {
    name: "allow and deny decide by the first that is for the client's address",
    upstreams: { a: ({ line }) => ok(line) },
    conf: server(`deny 127.0.0.1; error_page 404 = /none;
      location / { proxy_pass http://@a; }
      location /net { deny 10.0.0.0/8; allow 127.0.0.0/8; deny all; proxy_pass http://@a; }
      location /other { allow ::1; allow 127.0.0.2; allow unix:; deny all; proxy_pass http://@a; }
      location /all { allow all; proxy_pass http://@a; location ~ ht { deny all; } }
      location /six { allow 2001:db8::/32; proxy_pass http://@a; }
      location /page { error_page 403 /told; proxy_pass http://@a; }
      location /told { allow all; return 200 no; }
      location /early { return 200 yes; }`),
    steps: ["/", "/net", "/other", "/all", "/all/.ht", "/six", "/page", "/early"].map((path) => one(get(path))),
  },
  {
    name: "add_header is for good statuses, with always for all, and inherited whole or not at all",
    upstreams: { a: ({ line }) => (line.includes("bad") ? response("404 Not Found", "no") : ok("yes", ["X-Up: 1"])) },
    conf: server(`add_header X-A a; add_header X-B b always; add_header X-Empty "";
      location / { proxy_pass http://@a; } location /own { add_header X-C $upstream_http_x_up; proxy_pass http://@a; } location /e { return 403; }`),
    steps: ["/", "/bad", "/own", "/own/bad", "/e"].map((path) => one(get(path))),
  },
  {
    name: "error pages redirect inside, to names and outside, and change statuses",
    upstreams: { a: ({ line }) => ok(line, ["X-Page: 1"]) },
    conf: server(`error_page 404 /page; error_page 403 =200 /page; error_page 500 = @back; error_page 502 @back; error_page 410 http://gone/; error_page 429 =302 http://slow/$uri; error_page 503 /missing;
      location /page { proxy_pass http://@a; } location @back { proxy_pass http://@a; } location /404 { return 404; } location /403 { return 403; }
      location /500 { return 500; } location /502 { proxy_pass http://@dead; } location /410 { return 410; } location /429 { return 429; } location /503 { return 503; }`),
    steps: ["/404?q=1", "/403", "/500", "/502", "/410", "/429", "/503"].flatMap((path) => [
      one(get(path)),
      one(request(`POST ${path}`, [], "abc")),
    ]),
  },
  {
    name: "proxy_intercept_errors takes an upstream's error for an error page",
    upstreams: {
      a: ({ line }) =>
        line.includes("page")
          ? ok("page")
          : response(`${line.split(" ")[1]?.slice(-3)} Reason`, "from upstream", ["X-U: 1"]),
    },
    conf: server(`proxy_intercept_errors on; error_page 404 500 /page; location / { proxy_pass http://@a; }`),
    steps: ["/404", "/500", "/403", "/301"].map((path) => one(get(path))),
  },
  {
    name: "internal locations and X-Accel-Redirect",
    upstreams: { a: ({ line }) => (line.includes("/go") ? ok("x", ["X-Accel-Redirect: /hidden/y?z=1"]) : ok(line)) },
    conf: server(`location / { proxy_pass http://@a; } location /hidden { internal; proxy_pass http://@a; }`),
    steps: [one(get("/hidden")), one(get("/go")), one(get("/x"))],
  },
  {
    name: "proxy_pass with a URI replaces the location's, without one passes it as it came",
    upstreams: lined,
    conf: server(`location /as/is { proxy_pass http://@a; } location /one/ { proxy_pass http://@a/two/; } location /three { proxy_pass http://@a/four; }
      location /root/ { proxy_pass http://@a/; } location = /exact { proxy_pass http://@a/other; } location ~ ^/re/ { proxy_pass http://@a; }`),
    steps: [
      "/as/is/%41//b/../c?x=%20#f",
      "/one/a%20b?q=1",
      "/one/a%2Fb",
      "/one/%22%3C%7B",
      "/one/../one/x",
      "/one",
      "/three/x",
      "/threex",
      "/root/",
      "/root/a?b",
      "/exact?y",
      "/re/%7E",
    ].map((path) => one(get(path))),
  },
  {
    name: "proxy_pass with variables, to a group and to an address",
    upstreams: lined,
    conf: `upstream u { server @a; } map $arg_to $where { default u; addr @a; bad nowhere; } ${server(`set $p /fixed;
      location / { proxy_pass http://$where; } location /uri { proxy_pass http://$where$p?$args; } location /scheme { set $url u; proxy_pass $url; }`)}`,
    steps: ["/x?y", "/x?to=addr", "/%41?to=bad", "/uri/z?k=v", "/scheme"].map((path) => one(get(path))),
  },
  {
    name: "Location is rewritten by default, by rule or not at all",
    upstreams: {
      a: ({ line }) =>
        response("302 Found", "", [`Location: ${decodeURIComponent(line.split("l=")[1]?.split(" ")[0] ?? "")}`]),
    },
    conf: `upstream u { server @a; } ${server(`location /d/ { proxy_pass http://u/base/; } location /plain { proxy_pass http://u; }
      location /off { proxy_redirect off; proxy_pass http://u/base/; } location /own { proxy_redirect http://u/base/ /mine/; proxy_redirect ~^http://(\\w+)/re/(.*)$ https://$1.example/$2; proxy_pass http://u; }`)}`,
    steps: ["/d/", "/plain", "/off", "/own"].flatMap((path) =>
      ["http://u/base/x", "http://u/x", "/relative", "http://else/re/y", "http://a.test/base/"].map((to) =>
        one(get(`${path}?l=${encodeURIComponent(to)}`)),
      ),
    ),
  },
  {
    name: "variables say the same",
    upstreams: { a: () => ok("x", ["Set-Cookie: c=1; Path=/", "X-Up: u"]) },
    conf: `map $http_x_kind $kind { hostnames; default d; ~*^re(.)$ "r$1"; plain p; *.star.test s; "" empty; } ${server(`
      location /v { return 200 "$host|$http_host|$uri|$request_uri|$args|$arg_a|$cookie_c|$is_args|$scheme|$https|$request_method|$server_protocol|$remote_addr|$server_addr|$content_length|$content_type|$http_x_a|$kind|$remote_user|$request|$document_uri|$query_string|$server_name|$nginx_none$hostname"; }
      location /u { add_header X-V "$upstream_status|$upstream_http_x_up|$upstream_cookie_c|$sent_http_content_type|$proxy_host|$upstream_response_length|$status"; proxy_pass http://@a; }`).replace(
      "$nginx_none$hostname",
      "$http_none",
    )}`,
    steps: [
      one(
        get("/v%20x?a=1&b=2", "Cookie: x=y; c=cookie", "X-A: one", "X-Kind: reZ", "Authorization: Basic dXNlcjpwdw=="),
      ),
      one(get("/v", "X-Kind: plain", "Content-Type: t/x")),
      one(get("/v", "X-Kind: a.star.test", "Host: Q.Test:8080")),
      one(get("/v")),
      one("GET http://abs.test/v?z HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n"),
      one("GET /v HTTP/1.0\r\n\r\n"),
      one(get("/u")),
    ],
  },
  {
    name: "a WebSocket is switched to and carries bytes both ways",
    upstreams: {
      a: ({ fields }) =>
        fields.some((field) => /^upgrade: websocket$/i.test(field))
          ? {
              kind: "echo",
              text: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-W: 1\r\n\r\n",
            }
          : ok("plain"),
    },
    conf: `map $http_upgrade $connection_upgrade { default upgrade; '' close; } ${server(
      `location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_pass http://@a; } location /no { proxy_pass http://@a; }`,
    )}`,
    steps: [
      { kind: "switch", text: get("/ws", "Upgrade: websocket", "Connection: Upgrade"), bytes: "ping pong" },
      one(get("/plain")),
      one(get("/no", "Upgrade: websocket", "Connection: Upgrade, close")),
    ],
  },
];
