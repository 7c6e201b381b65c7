import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NginxLossError } from "../errors.ts";
import { loadWhatCanBe } from "../load.ts";
import { toDroverYaml } from "./to-drover-yaml.ts";

const group = "upstream llm { least_conn; server 127.0.0.1:8081 weight=2; server 127.0.0.1:8082 backup; }";
const conf = `${group}
server { listen 80; server_name llm.test; client_max_body_size 8m;
  location / { proxy_pass http://llm; proxy_read_timeout 5m; add_header X-A b; } }`;
const certificates = "ssl_certificate /c/chain.pem; ssl_certificate_key /c/key.pem;";

function imported(text: string, options: { readonly command?: string; readonly allowLoss?: boolean } = {}): string {
  const files = { read: () => text, glob: () => [], resolve: (_: string, path: string) => path };
  const loaded = loadWhatCanBe({ path: "/c/llm.conf", files, form: "part" });
  return toDroverYaml(loaded, { source: "/c/llm.conf", allowLoss: false, ...options });
}

function lost(text: string): string[] {
  try {
    imported(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof NginxLossError, String(error));
    return error.message.split("\n").flatMap((line) => /^ {2}\/c\/llm\.conf:(.*)$/.exec(line)?.[1] ?? []);
  }
}

function assertLines(yaml: string, lines: readonly string[]): void {
  for (const line of lines) assert.ok(yaml.split("\n").includes(line), `${line} in\n${yaml}`);
}

describe("importing an nginx configuration", () => {
  it("writes what has an equal as settings", () => {
    assertLines(imported(conf), [
      'listen: "0.0.0.0:80"',
      "maxBody: 8MiB",
      "  policy: least_conn",
      "  readTimeout: 300s",
      '    - "http://127.0.0.1:8081 weight=2"',
      '    - "http://127.0.0.1:8082 backup"',
    ]);
  });

  it("names what has no equal by its line", () => {
    assertLines(imported(conf), ["# line 2: server_name llm.test", "# line 3: add_header X-A b"]);
  });

  it("makes a comment of a directive that Drover cannot do, and of a location that it cannot serve", () => {
    const text = conf.replace("add_header X-A b;", "sub_filter a b; proxy_cache zone; log_subrequest on;");
    assertLines(imported(text), ["# line 3: sub_filter a b", "# line 3: proxy_cache zone"]);
    const files = conf.replace("} }", "} location /files { root /srv; } location ~ x(?>y) { return 403; } }");
    assert.deepEqual(lost(files), ["3: location /files (routing)", "3: location ~ x(?>y) (routing)"]);
    assertLines(imported(files, { allowLoss: true }), ["# line 3: location /files (routing)"]);
  });

  it("finds the group beside files that are not served, behind the shortest location that clients may ask for", () => {
    const text = `${group} upstream other { server 127.0.0.1:8091; server 127.0.0.1:8092; }
server { listen 80; root /srv/chat;
  location / { try_files $uri /index.html; }
  location = /auth { internal; proxy_pass http://other; }
  location /v1/embeddings { proxy_pass http://other; }
  location /v1/ { proxy_pass http://llm; } }`;
    assert.deepEqual(
      lost(text).filter((line) => /^[23]:/.test(line)),
      ["2: root /srv/chat (routing)", "3: try_files $uri /index.html (routing)", "3: location / (routing)"],
    );
    assertLines(imported(text, { allowLoss: true }), ['listen: "0.0.0.0:80"', "# upstream llm"]);
  });

  it("lists directives of modules that Drover does not know, whatever is in their blocks, and is refused for them", () => {
    const text = conf.replace(
      "add_header X-A b;",
      `modsecurity on; access_by_lua_block { if ngx.var.a == "}" then ngx.exit(403) end -- }
      } content_by_lua_block { ngx.say("x") } more_set_headers "A: b";`,
    );
    const geoip = `geoip2 /g.mmdb { $country default=XX country iso_code; } map $country $far { CN 1; }
log_format far '$country $remote_addr'; ${text.replace("listen 80;", "listen 80; access_log /a far; vhost_traffic_status;")}`;
    assert.deepEqual(lost(geoip), [
      "1: geoip2 /g.mmdb (unknown)",
      "3: vhost_traffic_status (unknown)",
      "4: modsecurity on (unknown)",
      "4: access_by_lua_block (unknown)",
      "5: more_set_headers A: b (unknown)",
    ]);
    assertLines(imported(geoip, { allowLoss: true }), [
      "# line 4: modsecurity on (unknown)",
      "# line 1: map $country $far",
      "# line 2: log_format far $country $remote_addr",
      "# line 5: content_by_lua_block",
      'listen: "0.0.0.0:80"',
    ]);
    assert.deepEqual(lost(`stream { server { listen 9; proxy_pass a:1; } } ${conf}`), ["1: stream (routing)"]);
  });

  it("is refused where what guards access would be lost", () => {
    const guarded = conf.replace(
      "location / {",
      'allow 10.0.0.0/8; deny all; location / { if ($http_authorization = "") { return 401; } auth_basic x; limit_req zone=a;',
    );
    assert.deepEqual(lost(guarded), [
      "3: allow 10.0.0.0/8 (access)",
      "3: deny all (access)",
      "3: if ($http_authorization = ) (routing)",
      "3: return 401 (access)",
      "3: auth_basic x (access)",
      "3: limit_req zone=a (access)",
    ]);
    assertLines(imported(guarded, { allowLoss: true }), [
      "# LOST: these guarded access, TLS or routing, or are unknown to Drover, and have no equal in drover.yaml:",
      "# line 3: deny all (access)",
    ]);
  });

  it("takes TLS with it, and is refused where a port would be served without", () => {
    const secure = conf.replace("listen 80;", `listen 443 ssl; ${certificates} ssl_protocols TLSv1.2 TLSv1.3;`);
    assertLines(imported(secure), [
      'listen: "0.0.0.0:443"',
      "tls:",
      '  certificate: "/c/chain.pem"',
      '  key: "/c/key.pem"',
    ]);
    const redirected = `${secure}\nserver { listen 80; return 301 https://$host$request_uri; }`;
    assert.deepEqual(lost(redirected), ["4: server (routing)", "4: return 301 https://$host$request_uri (TLS)"]);
    assertLines(imported(redirected, { allowLoss: true }), ['listen: "0.0.0.0:443"']);
    assert.deepEqual(lost(secure.replace("ssl_protocols", "ssl_ciphers HIGH; ssl_protocols")), [
      "2: ssl_ciphers HIGH (TLS)",
    ]);
    assert.deepEqual(lost(secure.replace("listen 443", "listen 80; listen 443")), ["2: listen 80 (routing)"]);
    const upstreams = conf.replace("proxy_pass http:", "proxy_pass https:");
    assertLines(imported(upstreams), ['    - "https://127.0.0.1:8081 weight=2"']);
  });

  it("is refused where requests went to more than one group, or to a path of it", () => {
    const other = "upstream other { server 127.0.0.1:9000; }";
    assert.deepEqual(lost(`${other} ${conf.replace("} }", "} location /old/ { proxy_pass http://other; } }")}`), [
      "3: location /old/ (routing)",
      "3: proxy_pass http://other (routing)",
    ]);
    assert.deepEqual(lost(`${conf}\nserver { listen 80; server_name b; location / { proxy_pass http://llm; } }`), [
      "4: server (routing)",
      "4: location / (routing)",
      "4: proxy_pass http://llm (routing)",
    ]);
    assert.deepEqual(lost(conf.replace("http://llm;", "http://llm/v1/;")), [
      "3: location / (routing)",
      "3: proxy_pass http://llm/v1/ (routing)",
    ]);
    assert.deepEqual(lost(conf.replace("location / {", "location /v1/ {")), ["3: location /v1/ (routing)"]);
  });

  it("lets error pages of its own go", () => {
    const pages = conf.replace("} }", "} error_page 502 /50x.html; location = /50x.html { internal; root /srv; } }");
    assert.deepEqual(lost(pages), []);
  });

  it("names a location that nobody from outside may reach", () => {
    assert.deepEqual(lost(conf.replace("location / {", "location / { internal;")), ["3: internal (access)"]);
  });

  it("turns the servers into workers when it is given a command, and offers it when not", () => {
    const yaml = imported(conf, { command: "python app.py --port {port} --n_threads {threads}" });
    assert.match(
      yaml,
      /^workers:\n {2}command: "python app.py --port \{port\} --n_threads \{threads\}"\n {2}count: 2\n {2}firstPort: 8081$/m,
    );
    assert.doesNotMatch(yaml, /upstreams:/);
    assert.match(imported(conf), /^# workers:$/m);
    assert.match(imported(conf.replace("8082", "9000"), { command: "x" }), /not on neighbouring ports/);
  });
});
