import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadNginxConfig } from "../load.ts";
import { NginxServer } from "./nginx-server.ts";

const letters = "a".repeat(60);

describe("a regular expression that backtracks for too long", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-limit-"));
  const socketPath = join(folder, "sock");
  const server = new NginxServer();

  before(async () => {
    const text = `access_log off; server { listen unix:${socketPath} default_server;
        location ~ "^/(?!x)(a+)+$" { return 200 "letters"; } location / { return 200 "other"; } }
      server { listen unix:${socketPath}; server_name "~^(?!x)(a+)+$"; return 200 "named"; }`;
    const files = { read: () => text, glob: () => [], resolve: (_: string, name: string) => name };
    const paths = { errorLog: join(folder, "error.log") };
    await server.apply(loadNginxConfig({ path: "/c/n.conf", files, form: "part", paths }).model);
  });

  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  function status(path: string, host = "b"): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const request = http.get({ socketPath, path, headers: { host }, agent: false }, (response) => {
        resolve(response.resume().statusCode);
      });
      request.once("error", reject);
    });
  }

  it("makes a 500 of its own request and of no other, in a location and in a server's name", async () => {
    assert.equal(await status("/aaa"), 200);
    assert.equal(await status(`/${letters}!`), 500);
    assert.equal(await status("/"), 200);
    assert.equal(await status("/", "aaa"), 200);
    assert.equal(await status("/", `${letters}.b`), 500);
    assert.equal(await status("/", "b"), 200);
  });

  it("is in the error log with the pattern", async () => {
    await server.logs.flush();
    const lines = readFileSync(join(folder, "error.log"), "utf8").split("\n");
    assert.equal(lines.filter((line) => /\[alert\].*using "\^\/?\(\?!x\)\(a\+\)\+\$"/.test(line)).length, 2);
  });
});
