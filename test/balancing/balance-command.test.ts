import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { freePort } from "../support/ports.ts";
import { needs } from "../support/needs.ts";
import { until } from "../support/until.ts";
import { NginxFolder, runCommand } from "../nginx/nginx-process.ts";
import { DROVER_BIN } from "../support/drover-process.ts";
import { RawClient } from "../support/raw-client.ts";
import { ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

function withoutTime(line: string): string {
  return line.replace(/\[\d\d\/\w{3}\/\d{4}(:\d\d){3} [+-]\d{4}\]/, "[TIME]");
}

describe("drover balance by its flags", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-flags-"));
  const upstream = new ScriptedUpstream("a", ({ line }) => ok(says ?? `answer to ${line}`));
  /** Body of the upstream's responses. */
  let says: string | undefined;
  let child: ChildProcess | undefined;
  let printed = "";
  /** Of the upstream. */
  let address = "";

  afterEach(async () => {
    if (child === undefined) return;
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    child = undefined;
    says = undefined;
    await upstream.close();
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Its port, once it listens. */
  async function balance(...words: readonly string[]): Promise<number> {
    printed = "";
    address = `127.0.0.1:${await upstream.listen()}`;
    const all = ["balance", "--upstream", `http://${address}`, "--listen", "127.0.0.1:0", ...words];
    child = spawn(process.execPath, [DROVER_BIN, ...all], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout?.on("data", (bytes: Buffer) => (printed += bytes.toString("latin1")));
    await until(() => /"port":\d+.*\n/.test(printed), "it listens");
    return Number(/"port":(\d+)/.exec(printed)?.[1]);
  }

  it("serves without an nginx file, and logs as JSON", async () => {
    const port = await balance("--access-log", "json");
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`);
    assert.equal(await response.text(), "answer to GET /v1/models HTTP/1.1");
    await until(() => /"path":"\/v1\/models".*\n/.test(printed), "its log line");
    const text = printed.split("\n").find((one) => one.includes('"path":"/v1/models"'));
    const line = JSON.parse(text ?? "") as Record<string, unknown>;
    assert.deepEqual([line["status"], line["method"], line["msg"]], [200, "GET", "request"]);
  });

  it("dumps its state to the log on SIGQUIT and goes on, without its keys", async () => {
    const port = await balance("--api-key", "s3cret");
    child?.kill("SIGQUIT");
    await until(() => /as SIGQUIT asked.*\n/.test(printed), "its state in the log");
    const text = printed.split("\n").find((one) => one.includes("as SIGQUIT asked"));
    const { state } = JSON.parse(text ?? "") as { readonly state: object };
    assert.deepEqual(Object.keys(state), ["balancer", "settings", "memory", "resources"]);
    assert.ok(!printed.includes("s3cret"), "a key is in the log");
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: "Bearer s3cret" } });
    assert.equal(response.status, 200);
  });

  it("writes nginx's combined line, byte for byte but for the time", needs("nginx"), async () => {
    const port = await balance("--access-log", "combined");
    const nginx = new NginxFolder();
    const nginxPort = await freePort();
    nginx.configure(
      `server { listen 127.0.0.1:${nginxPort}; location / { proxy_pass http://${address}; } }`,
      "daemon off; user root;",
    );
    const real = spawn("/usr/sbin/nginx", ["-p", nginx.folder, "-c", nginx.path("nginx.conf")], { stdio: "ignore" });
    try {
      await until(() => nginx.pid !== undefined, "nginx runs");
      const request =
        'GET /a%20b?c="d" HTTP/1.1\r\nHost: x\r\nReferer: http://here/"\\\r\nUser-Agent: \xfcber\tagent\r\nConnection: close\r\n\r\n';
      for (const asked of [port, nginxPort]) {
        const client = new RawClient(asked);
        client.write(request);
        assert.match((await client.read("GET")).line, / 200 /);
        client.destroy();
      }
      await until(() => /GET \/a.*\n/.test(printed) && nginx.text("access.log").endsWith("\n"), "both lines");
      const ours = printed.split("\n").find((line) => line.includes("GET /a")) ?? "";
      const theirs = nginx.text("access.log").trimEnd();
      assert.match(theirs, /^127\.0\.0\.1 - - \[\d/);
      assert.equal(withoutTime(ours), withoutTime(theirs));
    } finally {
      real.kill("SIGTERM");
      if (real.exitCode === null) await once(real, "exit");
      await nginx.close();
    }
  });

  it("counts the tokens that a server's responses tell, for metrics, log and the limit of each key", async () => {
    const keys = join(folder, "keys.yaml");
    writeFileSync(keys, "keys:\n  team: { key: s3cret, tokensPerDay: 100 }\n  other: 0ther\n");
    const usage = { prompt_tokens: 70, completion_tokens: 31, prompt_tokens_details: { cached_tokens: 8 } };
    const choices = [{ message: { content: '"usage":{"prompt_tokens":1}' }, finish_reason: "length" }];
    says = JSON.stringify({ model: "m", choices, usage });
    const port = await balance("--api-keys-file", keys, "--metrics-compat", "vllm", "--access-log", "json");
    const ask = (key: string) =>
      fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}` },
        body: "{}",
      });
    const first = await ask("s3cret");
    assert.equal(await first.text(), says);
    await until(() => /"msg":"request"/.test(printed), "its log line");
    const text = printed.split("\n").find((one) => one.includes('"msg":"request"'));
    const line = JSON.parse(text ?? "") as Record<string, unknown>;
    const named = ["key", "model", "promptTokens", "cachedTokens", "completionTokens", "finish"];
    assert.deepEqual(
      named.map((name) => line[name]),
      ["team", "m", 70, 8, 31, "length"],
    );
    const refused = await ask("s3cret");
    assert.equal(refused.status, 429);
    assert.match(await refused.text(), /tokens a day/);
    assert.equal((await ask("0ther")).status, 200);
    const metrics = await (
      await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: "Bearer s3cret" } })
    ).text();
    const lines = metrics.split("\n");
    for (const expected of [
      'drover_tokens_total{kind="completion",key="team"} 31',
      "vllm:prompt_tokens_total 140",
      "vllm:num_requests_running 0",
      "vllm:num_requests_waiting 0",
    ])
      assert.ok(lines.includes(expected), `${expected} in ${metrics}`);
    assert.match(metrics, /^# TYPE vllm:e2e_request_latency_seconds histogram$/m);
    assert.doesNotMatch(metrics, /^vllm:.*kv_cache/m);
  });

  it("keeps next to nothing of a request in the old generation", async () => {
    const port = await balance("--explain", "0");
    const ask = async (times: number) => {
      const asked = { method: "POST", body: "{}" };
      for (let done = 0; done < times; done += 16) {
        const responses = Array.from({ length: 16 }, () =>
          fetch(`http://127.0.0.1:${port}/v1/chat/completions`, asked),
        );
        await Promise.all(responses.map(async (response) => (await response).text()));
      }
    };
    const oldBytes = async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(/^nodejs_heap_space_size_used_bytes\{space="old"\} (\d+)$/m.exec(metrics)?.[1]);
    };
    await ask(400);
    const before = await oldBytes();
    await ask(480);
    const perRequest = ((await oldBytes()) - before) / 480;
    // It was 10 to 20 KB while one closure of each request was made there.
    assert.ok(perRequest < 5000, `${perRequest} bytes for each request`);
  });

  it("shows no setting in its help that only workers have", () => {
    const { stdout } = runCommand(process.execPath, [DROVER_BIN, "balance", "--help"]);
    for (const flag of ["listen", "policy", "upstream", "access-log", "drain-timeout"]) {
      assert.match(stdout, new RegExp(` --${flag} `));
    }
    assert.doesNotMatch(stdout, / --(?:model|workers|threads|slots|ctx|liveness-timeout|admin-key|strict) /);
  });
});
