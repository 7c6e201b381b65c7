import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { testCertificates } from "@drover/balancer/test-support/certificates";
import { until } from "../support/until.ts";

const droverBin = fileURLToPath(new URL("../../../packages/cli/bin/drover.js", import.meta.url));

interface LogLine {
  readonly msg: string;
  readonly reason?: string;
  readonly changed?: readonly string[];
  readonly addresses?: readonly { readonly port: number }[];
}

function writeSettings(file: string, upstream: string, key: string, more: Readonly<Record<string, object>> = {}): void {
  const settings = {
    balancer: { upstreams: [upstream] },
    apiKeys: [key],
    listen: "127.0.0.1:0",
    log: { format: "json" },
    ...more,
  };
  writeFileSync(file, JSON.stringify(settings));
}

function certificateIn(folder: string): { readonly certificate: string; readonly key: string } {
  const files = { certificate: join(folder, "a.pem"), key: join(folder, "a.key") };
  for (const name of ["certificate", "key"] as const) writeFileSync(files[name], testCertificates.a[name]);
  return files;
}

describe("drover balance", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-balance-"));
  const servers = ["one", "two"].map((name) => http.createServer((_request, response) => response.end(name)));

  before(() => Promise.all(servers.map((server) => once(server.listen(0, "127.0.0.1"), "listening"))));
  after(() => {
    for (const server of servers) server.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it("takes on changed upstreams and keys on SIGHUP without closing, and keeps the old where the new are wrong", async () => {
    const [one = "", two = ""] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const file = join(folder, "drover.yaml");
    writeSettings(file, one, "first-key", { supervision: { shutdownDelay: "1h" } });
    const child = spawn(process.execPath, [droverBin, "balance", "--config", file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const nextLine = async (): Promise<LogLine> => JSON.parse(String((await lines.next()).value)) as LogLine;
    try {
      let started = await nextLine();
      // On a loaded machine it may warn before that.
      while (started.addresses === undefined) started = await nextLine();
      const url = `http://127.0.0.1:${started.addresses[0]?.port}`;
      const ask = async (key: string): Promise<string> => {
        const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
        return response.status === 200 ? response.text() : String(response.status);
      };
      assert.equal(await ask("first-key"), "one");

      writeSettings(file, `${two} weight=none`, "second-key");
      child.kill("SIGHUP");
      assert.match((await nextLine()).reason ?? "", /"weight=none" needs a whole number/);
      assert.equal(await ask("first-key"), "one");

      writeFileSync(file, "balancer: { upstreams: [] }\n");
      child.kill("SIGHUP");
      assert.match((await nextLine()).reason ?? "", /^there is nothing to balance between/);
      assert.equal(await ask("first-key"), "one");

      writeSettings(file, two, "second-key");
      child.kill("SIGHUP");
      const { msg, changed } = await nextLine();
      assert.equal(msg, "the settings were read again");
      assert.deepEqual(changed, ["apiKeys", "balancer.upstreams", "supervision.shutdownDelay"]);
      assert.equal(await ask("second-key"), "two");
      assert.equal(await ask("first-key"), "401");

      // TLS waits for a restart, the level applies at once: of this reload nothing is said.
      writeSettings(file, two, "third-key", { tls: certificateIn(folder), log: { format: "json", level: "error" } });
      child.kill("SIGHUP");
      await until(async () => (await ask("third-key")) === "two", "the key is taken on");
      writeSettings(file, `${two} weight=none`, "fourth-key");
      child.kill("SIGHUP");
      assert.match((await nextLine()).reason ?? "", /"weight=none" needs a whole number/);

      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
