import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { NginxConfigError } from "../errors.ts";
import type { ConfigFiles } from "./config-files.ts";
import { allRules } from "./directives.ts";
import { parseConfig, type ParsedConfig } from "./parse.ts";

function memory(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read(path) {
      const text = texts[path];
      if (text === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
      return text;
    },
    glob: (pattern) =>
      pattern.endsWith("*") ? Object.keys(texts).filter((path) => path.startsWith(pattern.slice(0, -1))) : [pattern],
    resolve: (prefix, path) => (path.startsWith("/") ? path : `${prefix}/${path}`),
  };
}

function parse(text: string, others: Readonly<Record<string, string>> = {}, globals = ""): ParsedConfig {
  return parseConfig("/c/nginx.conf", memory({ "/c/nginx.conf": text, ...others }), { prefix: "/c", globals });
}

function failure(text: string, others: Readonly<Record<string, string>> = {}, globals = ""): string {
  try {
    parse(text, others, globals);
  } catch (error) {
    assert.ok(error instanceof NginxConfigError, String(error));
    return error.message;
  }
  return "no error";
}

describe("the nginx parser", () => {
  it("reads the four-server example of the documentation", () => {
    const { directives } = parse(`events {} http {
      upstream deepseek_backend { least_conn; server 127.0.0.1:8081; server 127.0.0.1:8082; }
      server { listen 80; location / { proxy_pass http://deepseek_backend; } }
    }`);
    const http = directives.find(({ name }) => name === "http");
    assert.deepEqual(
      http?.block?.map(({ name, block }) => [name, block?.map((inner) => inner.name)]),
      [
        ["upstream", ["least_conn", "server", "server"]],
        ["server", ["listen", "location"]],
      ],
    );
    assert.deepEqual(http?.block?.[0]?.block?.[1]?.position, { file: "/c/nginx.conf", line: 2 });
  });

  it("splices included files in, sorted, and names lines in them", () => {
    const others = { "/c/b/1.conf": "server { }", "/c/b/2.conf": "\nbogus;" };
    assert.equal(failure("http { include b/*; }", others), 'unknown directive "bogus" in /c/b/2.conf:2');
    assert.equal(parse("http { include none/*; }").directives[0]?.block?.length, 0);
    assert.equal(
      failure("\ninclude gone.conf;"),
      'open() "/c/gone.conf" failed (2: No such file or directory) in /c/nginx.conf:2',
    );
  });

  it("ends with an error where a file includes itself", () => {
    assert.match(failure("include nginx.conf;"), /nested more than 64 levels deep/);
  });

  for (const [text, message] of [
    ["http {", 'unexpected end of file, expecting "}" in /c/nginx.conf:1'],
    ["http { } }", 'unexpected "}" in /c/nginx.conf:1'],
    ["http;", 'directive "http" has no opening "{" in /c/nginx.conf:1'],
    ["pid a { }", 'directive "pid" is not terminated by ";" in /c/nginx.conf:1'],
    ["listen 80;", '"listen" directive is not allowed here in /c/nginx.conf:1'],
    ["http { server 127.0.0.1; }", 'directive "server" has no opening "{" in /c/nginx.conf:1'],
    ["pid;", 'invalid number of arguments in "pid" directive in /c/nginx.conf:1'],
    ["daemon maybe;", 'invalid value "maybe" in "daemon" directive, it must be "on" or "off" in /c/nginx.conf:1'],
    ["http {\nserver {\nlocation / { proxy_pass http://a\n} } }", 'unexpected "}" in /c/nginx.conf:4'],
  ] as const) {
    it(`says ${message}`, () => assert.equal(failure(text), message));
  }

  it("refuses by file and line what it cannot honour, and lists what makes no difference", () => {
    assert.equal(
      failure("http {\n proxy_cache_path /a keys_zone=b:1m;\n}"),
      '/c/nginx.conf:2: directive "proxy_cache_path" is not supported: responses are not cached',
    );
    assert.match(failure("http {\n gunzip on;\n}"), /^\/c\/nginx\.conf:2: directive "gunzip" is not supported: /);
    assert.deepEqual(
      parse("http { gunzip off; gzip_static on; }").ignored.map(({ name }) => name),
      ["gzip_static"],
    );
    const { ignored } = parse(
      "worker_processes 4; events { worker_connections 9; } http { sendfile on; proxy_cache off; }",
    );
    assert.deepEqual(
      ignored.map(({ name }) => name),
      ["worker_processes", "worker_connections", "sendfile"],
    );
  });

  it("reads -g directives before the file and names them as nginx does", () => {
    assert.deepEqual(
      parse("pid b;", {}, "daemon off;").directives.map(({ name }) => name),
      ["daemon", "pid"],
    );
    assert.equal(failure("", {}, "nope;"), 'unknown directive "nope" in command line');
  });

  it("gives a reason for each directive that is not supported", () => {
    for (const { name, contexts, treatment, fewestArgs, mostArgs } of allRules()) {
      assert.ok(contexts.length > 0 && fewestArgs <= mostArgs, name);
      if (treatment.kind !== "supported") assert.ok(treatment.why.length > 10, name);
    }
  });

  it("throws nothing but its typed error, whatever it is given", () => {
    const names = allRules().map(({ name }) => name);
    const piece = fc.oneof(
      fc.constantFrom(...names),
      fc.constantFrom(" ", ";", "{", "}", "on", "off", "1", "/", "$host", "http://a", "\n", '"', "~", "include", "*"),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        failure(pieces.join(" "));
      }),
      { numRuns: 1000 },
    );
  });
});
