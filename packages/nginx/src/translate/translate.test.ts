import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { NginxConfigError } from "../errors.ts";
import type { ConfigFiles } from "../read/config-files.ts";
import { allRules } from "../read/directives.ts";
import { type LoadOptions, loadNginxConfig } from "../load.ts";
import type { LocationModel, NginxModel } from "../model/model.ts";

function load(text: string, options: Partial<LoadOptions> = {}): NginxModel {
  const files: ConfigFiles = { read: () => text, glob: () => [], resolve: (_, path) => path };
  return loadNginxConfig({ path: "/c/n.conf", files, ...options }).model;
}

function failure(text: string): string {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof NginxConfigError, error instanceof Error ? error.stack : String(error));
    return error.message;
  }
  return "no error";
}

function locationNamed(model: NginxModel, name: string): LocationModel {
  const found = model.listeners[0]?.otherwise.defaultServer.locations.find(({ value }) => value.name === name);
  assert.ok(found !== undefined, name);
  return found.value;
}

const http = (text: string) => `events {} http { ${text} }`;
const server = (text: string) => http(`server { listen 8080; ${text} }`);

describe("the nginx translation", () => {
  it("takes the documented four-server setup as it is, without events and http", () => {
    const text = `upstream deepseek_backend { least_conn; server 127.0.0.1:8081; server 127.0.0.1:8082; server 127.0.0.1:8083; server 127.0.0.1:8084; }
server { listen 80; location / { proxy_pass http://deepseek_backend; } }`;
    const model = load(text, { form: "part" });
    const group = model.upstreams.get("deepseek_backend");
    assert.equal(group?.policy, "least_conn");
    assert.deepEqual(
      group.servers.map(({ address, weight, maxFails, failTimeoutMs }) => [address, weight, maxFails, failTimeoutMs]),
      [8081, 8082, 8083, 8084].map((port) => [{ kind: "ip", host: "127.0.0.1", port }, 1, 1, 10_000]),
    );
    assert.deepEqual(
      model.listeners.map(({ label }) => label),
      ["0.0.0.0:80"],
    );
    const { proxy } = locationNamed(model, "/");
    assert.ok(proxy?.kind === "fixed" && proxy.uri === undefined && proxy.target.group === "deepseek_backend");
    assert.equal(failure(text), '"upstream" directive is not allowed here in /c/n.conf:1');
  });

  it("has the defaults of nginx 1.29.7, or those of 1.22 when asked", () => {
    const text = server("location / { proxy_pass http://b; }").replace(
      "server {",
      "upstream b { server 127.0.0.1:1; } server {",
    );
    const now = load(text);
    assert.deepEqual(now.upstreams.get("b")?.keepalive?.connections, 32);
    assert.equal(now.upstreams.get("b")?.keepaliveLocal, true);
    assert.equal(locationNamed(now, "/").settings.proxy.httpVersion, "1.1");
    const old = load(text, { compat: "1.22" });
    assert.equal(old.upstreams.get("b")?.keepalive, undefined);
    assert.equal(locationNamed(old, "/").settings.proxy.httpVersion, "1.0");
    const connection = (model: NginxModel) =>
      locationNamed(model, "/").settings.proxy.setHeaders.find(({ name }) => name === "Connection")?.value.constant;
    assert.deepEqual([connection(now), connection(old)], ["", "close"]);
  });

  it("inherits lists only where a block has none of its own", () => {
    const model = load(
      server(`add_header A 1; proxy_set_header X 1; error_page 502 /e;
        location /a { return 204; }
        location /b { add_header B 2 always; proxy_set_header Y 2; error_page 404 =200 @c; return 204; }
        location @c { return 200 ok; }`),
    );
    const names = (name: string) => {
      const { addHeaders, proxy, errorPages } = locationNamed(model, name).settings;
      return [addHeaders.map((h) => h.name), proxy.setHeaders[0]?.name, errorPages.map((page) => page.statuses)];
    };
    assert.deepEqual(names("/a"), [["A"], "X", [[502]]]);
    assert.deepEqual(names("/b"), [["B"], "Y", [[404]]]);
  });

  it("opens one socket for *:80 and what stands beside it", () => {
    const model = load(
      http("server { listen 80; server_name a; } server { listen 127.0.0.1:80; } server { listen 127.0.0.1:81 bind; }"),
    );
    assert.deepEqual(
      model.listeners.map(({ label, byLocalAddress }) => [label, [...byLocalAddress.keys()]]),
      [
        ["0.0.0.0:80", ["127.0.0.1"]],
        ["127.0.0.1:81", []],
      ],
    );
  });

  for (const [text, message] of [
    [server("listen 80 foo;"), 'invalid parameter "foo" in /c/n.conf:1'],
    [http("server { listen 99999; }"), 'invalid port in "99999" of the "listen" directive in /c/n.conf:1'],
    [server("location / { proxy_pass foo; }"), "invalid URL prefix in /c/n.conf:1"],
    [http("upstream a { }"), "no servers are inside upstream in /c/n.conf:1"],
    [http("upstream a { server 127.0.0.1:1 weight=x; }"), 'invalid parameter "weight=x" in /c/n.conf:1'],
    [
      http("upstream a { ip_hash; server 127.0.0.1:1 backup; server 127.0.0.1:2; }"),
      'balancing method does not support parameter "backup" in /c/n.conf:1',
    ],
    [server("location / { return 200 $nope; }"), 'unknown "nope" variable in /c/n.conf:1'],
    [server("location /a { } location /a { }"), 'duplicate location "/a" in /c/n.conf:1'],
    [server("location /a { location /b { } }"), 'location "/b" is outside location "/a" in /c/n.conf:1'],
    [server("proxy_read_timeout 5x;"), '"proxy_read_timeout" directive invalid value in /c/n.conf:1'],
    [server("error_page 200 /x;"), 'value "200" must be between 300 and 599 in /c/n.conf:1'],
    ["events {} http { keepalive_timeout 5 x; }", '"keepalive_timeout" directive invalid value in /c/n.conf:1'],
    ["http { }", 'no "events" section in configuration'],
    [
      server("root /x; location / { return 200 $document_root; }"),
      '/c/n.conf:1: variable "$document_root" is not supported: Drover serves no files',
    ],
    [
      server("location / { if ($arg_a) { proxy_pass http://127.0.0.1:1; } return 200; }"),
      '/c/n.conf:1: directive "proxy_pass" inside "if" is not supported: only `set` and `return` are; use locations, `map` and variables instead',
    ],
    [server("if (-f $uri) { return 200; }"), '/c/n.conf:1: "-f" in an "if" is not supported: no files are served'],
    [
      server("location ~ a++ { }"),
      '/c/n.conf:1: the regular expression "a++" is not supported: JavaScript has no equal of possessive quantifiers',
    ],
  ] as const) {
    it(`says ${message}`, () => assert.equal(failure(text), message));
  }

  it("refuses what would serve files, but for error pages", () => {
    assert.equal(
      failure(server("root /x; location / { }")),
      '/c/n.conf:1: location "/" is not supported: it serves files; give it a `proxy_pass` or a `return`',
    );
    assert.equal(
      failure(server("root /x; location /api { return 204; }")),
      "/c/n.conf:1: the server is not supported: it serves files below `root`; give it a location / with `proxy_pass`",
    );
    const { warnings } = load(
      server(
        "location / { return 204; } error_page 502 /50x.html; location = /50x.html { root /usr/share/nginx/html; }",
      ),
    );
    assert.match(warnings.join(), /location "= \/50x.html" has no "proxy_pass".*its error pages are nginx's own/);
    const below = "error_page 404 /404.html; root /x;";
    const refused = "is not supported: it serves files; give it a `proxy_pass` or a `return`";
    assert.equal(failure(server(`${below} location / { }`)), `/c/n.conf:1: location "/" ${refused}`);
    const pages = "location / { return 204; } error_page 404 /errors/404.html; location /errors/ { root /x;";
    assert.equal(failure(server(`${pages} }`)), `/c/n.conf:1: location "/errors/" ${refused}`);
    assert.equal(load(server(`${pages} internal; }`)).warnings.length, 1);
  });

  it("serves no files where everybody is denied, and says nothing of it", () => {
    const { warnings } = load(server("root /x; location / { return 204; } location ~ /\\.ht { deny all; }"));
    assert.deepEqual(warnings, []);
  });

  it("takes the last of several balancing methods, and warns", () => {
    const model = load(http("upstream u { least_conn; keepalive 2;\n ip_hash; server 127.0.0.1; }"));
    assert.equal(model.upstreams.get("u")?.policy, "ip_hash");
    assert.deepEqual(model.warnings, ["load balancing method redefined in /c/n.conf:2"]);
    assert.deepEqual(load(http("upstream u { random two; keepalive 2; server 127.0.0.1; }")).warnings, []);
  });

  it("warns of names that two servers claim", () => {
    const model = load(http("server { listen 80; server_name a; } server { listen 80; server_name a; }"));
    assert.deepEqual(model.warnings, ['conflicting server name "a" on 0.0.0.0:80, ignored']);
  });

  it("refuses headers and statuses that no response can have", () => {
    for (const [text, message] of [
      ['add_header "X Y" v;', 'the header name "X Y" is not supported: it has bytes that no name may have'],
      ['add_header "" v;', 'the header name "" is not supported: it has bytes that no name may have'],
      ['add_header X "a\\nb";', 'the header value "a\\nb" is not supported: it has bytes that no value may have'],
      [
        'proxy_set_header X "$uri\rb";',
        'the header value "\\rb" is not supported: it has bytes that no value may have',
      ],
      ["return 0;", 'the status 0 of "return" is not supported: no response ends with it'],
      ["return 101 x;", 'the status 101 of "return" is not supported: no response ends with it'],
      ["error_page 404 =50 /x;", 'the status 50 of "error_page" is not supported: no response ends with it'],
    ] as const) {
      assert.equal(failure(server(`location / { ${text} }`)), `/c/n.conf:1: ${message}`, text);
    }
  });

  it("makes one line of a header that is written on several", () => {
    const model = load(server('location / { return 204; add_header X "a;\n    b;\r\n\tc"; }'));
    assert.equal(locationNamed(model, "/").settings.addHeaders[0]?.value.constant, "a; b; c");
  });

  it("throws nothing but its typed error, whatever the values are", () => {
    const rules = allRules().filter(({ treatment, block }) => treatment.kind === "supported" && block !== "free");
    const word = fc.oneof(
      fc.constantFrom("on", "off", "1", "5s", "1k", "/", "=", "~", "~*", "(", "@a", "$uri", "${", "$a", "http://a:1/b"),
      fc.constantFrom("unix:/x", "127.0.0.1:80", "[::1]:8", "two", "=200", "404", "weight=2", "*.a", ".a", "b.*", ""),
      fc.string({ maxLength: 6 }),
    );
    const directive = fc.tuple(fc.constantFrom(...rules), fc.array(word, { maxLength: 4 }));
    fc.assert(
      fc.property(
        fc.array(directive, { maxLength: 4 }),
        fc.constantFrom("server", "location", "upstream"),
        (all, where) => {
          const lines = all.map(([rule, words]) => {
            const args = words.map((text) => JSON.stringify(text)).join(" ");
            return `${rule.name} ${args}${rule.block === "none" ? ";" : "{}"}`;
          });
          const inner = lines.join("\n");
          if (where === "upstream") failure(http(`upstream a { server 127.0.0.1; ${inner} }`));
          else failure(server(where === "server" ? inner : `location / { ${inner} }`));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
