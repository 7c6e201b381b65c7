import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { httpUpstream, type TestUpstream } from "@drover/balancer/test-support/upstream-server";
import { loadNginxConfig } from "../load.ts";
import { NginxServer } from "./nginx-server.ts";

const locations = `
  location /added { add_header X-Path $uri always; return 200 x; }
  location /missing { add_header X-Path $uri always; return 404; }
  location /counted { error_page 404 =200 @page; return 404; }
  location @page { add_header X-Path $uri always; return 404 x; }
  location /redirect { return 301 $uri; }
  location /away { return 302 https://$host$uri; }
  location /error-page { error_page 404 https://$host$uri; return 404; }
  location /to-upstream { proxy_set_header X-Path $uri; proxy_pass ORIGIN; }
  location /from-upstream { add_header X-Path $uri always; proxy_pass ORIGIN; }
  location /line { proxy_pass ORIGIN$uri; }
  location /method { proxy_method $remote_user; proxy_pass ORIGIN; }
  location /user { proxy_set_header X-User $remote_user; proxy_pass ORIGIN; }
  location /rewritten { proxy_redirect ~^(.*)$ $uri; proxy_pass ORIGIN; }
  location /body { proxy_set_header X-Body $request_body; proxy_pass ORIGIN; }
  location /log { proxy_pass $uri; }
  location / { add_header X-Path $uri always; return 200 $uri; }`;

describe("a variable whose bytes would end a header", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-bytes-"));
  const server = new NginxServer();
  const socketPath = join(folder, "sock");
  const seen: string[] = [];
  let upstream: TestUpstream;

  before(async () => {
    upstream = await httpUpstream((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(302, { location: "/there" }).end();
    });
    const text = `error_log ${folder}/error.log info; access_log ${folder}/access.log;
      server { listen unix:${socketPath}; ${locations.replaceAll("ORIGIN", upstream.origin)} }`;
    const files = { read: () => text, glob: () => [], resolve: (_: string, name: string) => name };
    await server.apply(
      loadNginxConfig({ path: "/c/n.conf", files, form: "part", paths: { errorLog: "stderr" } }).model,
    );
  });

  after(async () => {
    await server.stop();
    await upstream.close();
    rmSync(folder, { recursive: true });
  });

  function ask(path: string, options: http.RequestOptions & { body?: string } = {}): Promise<http.IncomingMessage> {
    const { body, ...rest } = options;
    return new Promise((resolve, reject) => {
      const request = http.request({
        socketPath,
        path,
        agent: false,
        method: body === undefined ? "GET" : "POST",
        ...rest,
      });
      request.once("response", (response) => resolve(response.resume())).once("error", reject);
      request.end(body);
    });
  }

  for (const path of ["added", "missing", "counted", "redirect", "away", "error-page", "from-upstream", "rewritten"]) {
    for (const bytes of ["%0a", "%0d%0aX-Evil:%20yes", "%01", "%7f"]) {
      it(`makes the response of /${path}${bytes} a 400`, async () => {
        const response = await ask(`/${path}${bytes}`);
        assert.equal(response.statusCode, 400);
        assert.equal(response.headers["x-evil"], undefined);
        assert.equal(response.headers["x-path"], undefined);
      });
    }
  }

  it("reaches no upstream", async () => {
    const user = { auth: "a\nX-Evil: yes:secret" };
    for (const [path, options] of [
      ["/to-upstream%0a", {}],
      ["/line%0d%0a", {}],
      ["/method", user],
      ["/user", user],
      ["/body", { body: "a\nb" }],
    ] as const) {
      seen.length = 0;
      const response = await ask(path, options);
      assert.equal(response.statusCode, 400, path);
      assert.deepEqual(seen, [], path);
    }
  });

  it("is sent as nginx does where it is only not ASCII", async () => {
    const response = await ask("/%c3%a9%ff");
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers["x-path"], "/\u00c3\u00a9\u00ff");
  });

  it("begins no line of the logs", async () => {
    assert.equal((await ask("/log%0aforged")).statusCode, 500);
    await server.logs.flush();
    const lines = [
      ...readFileSync(join(folder, "error.log"), "latin1").split("\n"),
      ...readFileSync(join(folder, "access.log"), "latin1").split("\n"),
    ];
    assert.ok(lines.some((line) => line.includes('invalid URL prefix in "/log\\x0Aforged"')));
    assert.ok(lines.some((line) => line.includes('the header "X-Path" cannot be sent')));
    for (const line of lines) assert.match(line, /^(?:\d{4}\/|unix: |$)/);
  });
});
