import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { testCertificates } from "@drover/balancer/test-support/certificates";
import { loadNginxConfig, NginxConfigError } from "@drover/nginx";
import { freePort } from "../support/ports.ts";
import { needsNginx } from "../support/needs.ts";
import { runCommand } from "./nginx-process.ts";

const droverNginx = fileURLToPath(import.meta.resolve("@drover/nginx/bin/drover-nginx.js"));

/** Mistakes of all kinds; nginx and Drover must say the same of each. */
const mistakes = [
  "http { ",
  "http { } }",
  "http;",
  "pid a { }",
  "listen 80;",
  "nonsense;",
  'pid "a"b;',
  "pid 'a",
  "pid;",
  "daemon maybe;",
  ";",
  "{",
  "include /nowhere/at/all.conf;",
  "error_log /tmp/e nolevel; events {}",
  "http { }",
  "events {} events {}",
  ...[
    "server { listen 80 foo; }",
    "server { listen 99999; }",
    "server { listen 80 backlog=x; }",
    "server { listen 127.0.0.1:80; listen 127.0.0.1:80; }",
    "server { listen 8080 default_server; } server { listen 8080 default_server; }",
    "server { listen 8443 ssl; }",
    "server { location / { proxy_pass foo; } }",
    "server { location ~ /x { proxy_pass http://127.0.0.1/x; } }",
    "server { location / { proxy_pass http://127.0.0.1:99999; } }",
    "server { location / { proxy_pass http://; } }",
    "upstream b { server 127.0.0.1:9; } server { location / { proxy_pass http://b:8080; } }",
    "upstream a { } server {}",
    "upstream a { server 127.0.0.1:1 weight=x; }",
    "upstream a { server 127.0.0.1:0; }",
    "upstream a { server unix:; }",
    "upstream a { server 127.0.0.1:1; } upstream a { server 127.0.0.1:1; }",
    "upstream a { server 127.0.0.1:1; least_conn foo; }",
    "upstream a { server 127.0.0.1:1; hash $uri foo; }",
    "upstream a { server 127.0.0.1:1; random three; }",
    "upstream a { server 127.0.0.1:1; keepalive 0; }",
    "upstream a { server 127.0.0.1:1; keepalive x; }",
    "upstream a { ip_hash; server 127.0.0.1:1 backup; server 127.0.0.1:2; }",
    "server { location / { return abc; } }",
    'server { location / { return 200 "$"; } }',
    'server { location / { return 200 "${x"; } }',
    "server { location /a { } location /a { } }",
    "server { location = /a { location /a/b { } } }",
    "server { location /a { location /b { } } }",
    "server { location /a { location @b { } } }",
    "server { location ! /a { } }",
    "server { proxy_read_timeout 5x; }",
    "server { proxy_read_timeout 5; proxy_read_timeout 6; }",
    "server { client_max_body_size 5x; }",
    "server { proxy_next_upstream foo; }",
    "server { proxy_http_version 3; }",
    "server { proxy_buffering maybe; }",
    "server { error_page 200 /x; }",
    "server { error_page foo /x; }",
    "server { error_page 499 /x; }",
    "server { keepalive_requests x; }",
    "server { ssl_protocols foo; }",
    "server { set foo 1; }",
    "server { set $uri 1; }",
    "access_log /tmp/x nope; server {}",
    "add_header a b c; server {}",
    "map $uri y { default 1; } server {}",
    "map $uri $y { default 1; default 2; } server {}",
    "map $uri $y { a b c; } server {}",
    "resolver; server {}",
    "resolver 127.0.0.1 valid=x; server {}",
    "proxy_redirect foo; server {}",
    "large_client_header_buffers 0 8k;",
    "log_format a x; log_format a y;",
    "keepalive_timeout 5 x;",
    "server { deny foo; }",
    "server { allow 1.2.3.4/33; }",
    "server { deny all all; }",
    "server { if $host { return 200; } }",
    "server { if ($host { return 200; } }",
    "server { if (x = y) { return 200; } }",
    "server { if ($host y) { return 200; } }",
    "server { if ($host == y) { return 200; } }",
    "server { if () { return 200; } }",
    "server { if ($host = a) { listen 80; } }",
    "server { if ($host = a) { return x; } }",
  ].map((text) => `events {} http { ${text} }`),
];

describe("messages beside Debian's nginx", needsNginx("1.22"), () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-messages-"));
  const path = join(folder, "nginx.conf");
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const mistake of mistakes) {
    it(`are the same for ${mistake}`, () => {
      writeFileSync(path, `\n${mistake}\n`);
      const real = runCommand("/usr/sbin/nginx", [
        "-t",
        "-q",
        "-e",
        "/dev/null",
        "-g",
        `pid ${folder}/pid;`,
        "-c",
        path,
      ]);
      const [line = ""] = real.stderr.split("\n");
      assert.equal(ourMessage(path), line.replace(/^nginx: \[\w+\] /, ""));
    });
  }

  it("are that all is well for Debian's own nginx.conf with a site of upstreams, and one as certbot leaves it", async () => {
    // nginx opens them even for a test: they must be nobody else's.
    const [secure, plain] = [await freePort(), await freePort()];
    const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(certificate, testCertificates.a.certificate);
    writeFileSync(key, testCertificates.a.key);
    writeFileSync(
      join(folder, "site"),
      `upstream u { least_conn; server 127.0.0.1:1; server 127.0.0.1:2; }
server {
    server_name llm.test;
    location / { include /etc/nginx/proxy_params; proxy_pass http://u; proxy_buffering off; }
    location ~ /\\.ht { deny all; }
    listen 127.0.0.1:${secure} ssl; # managed by Certbot
    ssl_certificate ${certificate}; # managed by Certbot
    ssl_certificate_key ${key}; # managed by Certbot
}
server {
    if ($host = llm.test) {
        return 301 https://$host$request_uri;
    } # managed by Certbot
    listen 127.0.0.1:${plain};
    server_name llm.test;
    return 404; # managed by Certbot
}
`,
    );
    const stock = readFileSync("/etc/nginx/nginx.conf", "utf8");
    assert.match(stock, /^\s*gzip on;/m);
    const site = stock
      .replace("/etc/nginx/sites-enabled/*", join(folder, "site"))
      .replace("/etc/nginx/modules-enabled", join(folder, "none"))
      .replace("/etc/nginx/conf.d", join(folder, "none"))
      .replace(/^pid .*/m, `pid ${folder}/pid;`)
      .replaceAll("/var/log/nginx", folder);
    writeFileSync(path, site);
    const real = runCommand("/usr/sbin/nginx", ["-t", "-q", "-e", "/dev/null", "-c", path]);
    const ours = runCommand(process.execPath, [droverNginx, "-t", "-q", "-e", "/dev/null", "-c", path]);
    assert.deepEqual(ours, real);
    assert.equal(ours.code, 0);
  });

  it("are the same for an unknown variable, with file and line besides", () => {
    writeFileSync(path, "events {}\nhttp { server { return 200 $nope; } }");
    const real = runCommand("/usr/sbin/nginx", ["-t", "-q", "-e", "/dev/null", "-c", path]);
    assert.match(real.stderr, /\[emerg\] unknown "nope" variable\n/);
    assert.equal(ourMessage(path), `unknown "nope" variable in ${path}:2`);
  });

  for (const words of [["-x"], ["-s", "foo"], ["-c"], ["-p"], ["foo"], ["-s"], ["-tz"]]) {
    it(`and exit codes are the same for the words ${words.join(" ")}`, () => {
      const real = runCommand("/usr/sbin/nginx", words);
      const ours = runCommand(process.execPath, [droverNginx, ...words]);
      assert.deepEqual(ours, real);
    });
  }
});

function ourMessage(path: string): string {
  try {
    loadNginxConfig({ path, compat: "1.22", paths: { errorLog: "/dev/null" } });
  } catch (error) {
    if (error instanceof NginxConfigError) return error.message;
    throw error;
  }
  return "no mistake";
}
