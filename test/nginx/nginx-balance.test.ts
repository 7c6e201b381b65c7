import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { freePort } from "../support/ports.ts";
import { NameServer } from "./name-server.ts";
import { COMMAND_LIMIT_MS, until } from "../support/until.ts";
import { NginxFolder, runCommand } from "./nginx-process.ts";
import { ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const drover = fileURLToPath(import.meta.resolve("@drover/cli/bin/drover.js"));
/** The set-up of the documentation; its ports are exchanged for free ones. */
const example = readFileSync(new URL("../../../config/files/nginx/nginx.conf", import.meta.url), "utf8");

async function bodyOf(port: number, path = "/"): Promise<string> {
  const [response] = (await once(http.get({ host: "127.0.0.1", port, path, agent: false }), "response")) as [
    http.IncomingMessage,
  ];
  let body = "";
  for await (const part of response) body += String(part);
  return body;
}

describe("drover balance --nginx-conf", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-balance-"));
  const upstreams: ScriptedUpstream[] = [];
  afterEach(async () => {
    for (const upstream of upstreams.splice(0)) await upstream.close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function exampleFile(): Promise<{ readonly path: string; readonly port: number }> {
    const port = await freePort();
    let text = example.replace("listen 80;", `listen 127.0.0.1:${port};`);
    for (const old of [8081, 8082, 8083, 8084]) {
      const upstream = new ScriptedUpstream(String(old), ({ upstream }) => ({ ...ok(upstream), held: true }));
      upstreams.push(upstream);
      text = text.replace(`127.0.0.1:${old}`, `127.0.0.1:${await upstream.listen()}`);
    }
    const path = join(folder, "nginx.conf");
    writeFileSync(path, text);
    return { path, port };
  }

  it("starts with no setting that would not hold, and names each", async () => {
    const { path } = await exampleFile();
    const config = join(folder, "drover.yaml");
    writeFileSync(config, "apiKeys: [secret]\n");
    for (const [words, environment, named] of [
      [["--api-key", "K", "--listen", "127.0.0.1:1"], {}, "--listen, --api-key"],
      [["--policy", "hash", "--limit-connections", "3"], {}, "--policy, --limit-connections"],
      [["--tls-certificate", "/a.pem", "--tls-key", "/a.key"], {}, "--tls-certificate, --tls-key"],
      [[], { DROVER_API_KEY: "K" }, "DROVER_API_KEY"],
      [["--config", config], {}, `apiKeys in ${config}`],
    ] as const) {
      const { exitCode, stderr } = await execa(process.execPath, [drover, "balance", "--nginx-conf", path, ...words], {
        env: environment,
        reject: false,
        timeout: COMMAND_LIMIT_MS,
      });
      assert.equal(exitCode, 2, stderr);
      for (const name of named.split(", ")) assert.ok(stderr.includes(name), `${name} in ${stderr}`);
      assert.match(stderr, /would not hold/);
    }
  });

  it("runs the documented set-up, and drover status, reload, stop and Prometheus see it", async () => {
    const { path, port } = await exampleFile();
    const metricsPort = await freePort();
    const words = ["balance", "--nginx-conf", path, "--metrics-listen", `127.0.0.1:${metricsPort}`];
    const environment = { ...process.env, XDG_RUNTIME_DIR: folder };
    const child = spawn(process.execPath, [drover, ...words], { stdio: ["ignore", "pipe", "pipe"], env: environment });
    const ended = once(child, "exit");
    const command = (...words: readonly string[]) =>
      execa(process.execPath, [drover, ...words], { env: environment, reject: false, timeout: COMMAND_LIMIT_MS });
    let said = "";
    let logged = "";
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stdout.on("data", (bytes: Buffer) => (logged += bytes.toString()));
    try {
      await until(() => said.includes("Balancing by"), "it says that it listens");
      const asked = Array.from({ length: 4 }, () => bodyOf(port));
      await until(() => upstreams.every(({ seen }) => seen.length === 1), "one request at each server");
      for (const upstream of upstreams) upstream.release();
      const bodies = await Promise.all(asked);
      assert.deepEqual(bodies.toSorted(), ["8081", "8082", "8083", "8084"]);
      await until(() => logged.split("GET / HTTP/1.1").length === 5, "four lines of the access log");
      const [first = "", ...rows] = (await command("status")).stdout.split("\n");
      assert.match(first, new RegExp(`^drover \\(pid ${child.pid}\\) balances on .*127\\.0\\.0\\.1:${port}`));
      assert.equal(rows.filter((row) => /^\S+ http:\/\/127\.0\.0\.1:\d+ +ready +0 +1 +0 +-/.test(row)).length, 4);
      const metrics = await bodyOf(metricsPort, "/metrics");
      assert.match(metrics, /^drover_requests_total\{status="200"\} 4$/m);
      assert.equal(
        metrics.match(/^drover_upstream_requests_total\{group="[^"]+",upstream="http[^"]+"\} 1$/gm)?.length,
        4,
      );
      assert.match((await command("reload")).stdout, /^Reloaded: .*nginx\.conf\.$/);
      writeFileSync(path, "server { listen");
      assert.match((await command("reload")).stderr, /^drover: .*nginx\.conf:1/);
      assert.match((await command("logs")).stdout, /Balancing by/);
      assert.equal((await command("stop")).stdout, "Drover has ended.");
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("ends with 2 and the place of what it cannot honour", () => {
    const path = join(folder, "bad.conf");
    writeFileSync(path, "server { listen 8080;\n auth_basic realm; }\n");
    const { code, stderr } = runCommand(process.execPath, [drover, "balance", "--nginx-conf", path]);
    assert.deepEqual(
      [code, stderr],
      [2, `drover: ${path}:2: directive "auth_basic" is not supported: use Drover's API keys\n`],
    );
  });

  it("can be taken over by drover import, and drover check finds the result valid", async () => {
    const { path } = await exampleFile();
    for (const words of [[], ["--command", "python app.py --port {port} --n_threads {threads}"]]) {
      const output = join(folder, `drover-${words.length}.yaml`);
      const imported = runCommand(process.execPath, [drover, "import", "nginx", path, "-o", output, ...words]);
      assert.deepEqual([imported.code, imported.stdout], [0, ""]);
      assert.ok(imported.stderr.startsWith(`Wrote ${output}. `), imported.stderr);
      const checked = runCommand(process.execPath, [drover, "check", "--config", output]);
      assert.equal(checked.code, 0, checked.stderr);
    }
  });
});

describe("names in an nginx configuration", () => {
  it("are asked for again while running: `server NAME resolve`, and proxy_pass with variables", async () => {
    const folder = new NginxFolder();
    const names = new NameServer();
    names.addresses = ["127.0.0.1"];
    const nameServer = `127.0.0.1:${await names.listen()}`;
    const port = await freePort();
    const servers = ["127.0.0.1", "127.0.0.2"].map((host) => http.createServer((_, response) => response.end(host)));
    const shared = await freePort();
    for (const [index, server] of servers.entries())
      await once(server.listen(shared, `127.0.0.${index + 1}`), "listening");
    try {
      folder.configure(`resolver ${nameServer} valid=1s ipv6=off;
        upstream u { server llm.test:${shared} resolve; }
        server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; }
          location /var { set $name llm.test; proxy_pass http://$name:${shared}; } location /up { return 204; } }`);
      folder.start();
      await until(
        () =>
          bodyOf(port, "/up").then(
            () => true,
            () => false,
          ),
        "it listens",
      );
      assert.equal(await bodyOf(port), "127.0.0.1");
      assert.equal(await bodyOf(port, "/var"), "127.0.0.1");
      names.addresses = ["127.0.0.2"];
      await until(async () => (await bodyOf(port)) === "127.0.0.2", "the new address");
      await until(async () => (await bodyOf(port, "/var")) === "127.0.0.2", "the new address by the variable");
    } finally {
      await folder.close();
      names.close();
      for (const server of servers) server.close();
    }
  });
});
