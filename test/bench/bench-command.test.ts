import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startChildServer } from "@drover/bench";
import { execa } from "execa";
import { startFakeWorker } from "../fake-worker/start-fake-worker.ts";
import { freePort } from "../support/ports.ts";
import { COMMAND_LIMIT_MS, until } from "../support/until.ts";

const bin = createRequire(import.meta.url).resolve("@drover/cli/bin/drover.js");
const drover = (...words: string[]) =>
  execa(process.execPath, [bin, ...words], { reject: false, timeout: COMMAND_LIMIT_MS });

describe("drover bench", { concurrency: 3 }, () => {
  it("prints the table, and JSON on request", async () => {
    const worker = await startFakeWorker({ tokens: 2 });
    try {
      const words = ["bench", "--url", worker.url, "--users", "1,2", "--warmup", "0", "--least-responses", "1"];
      const table = await drover(
        ...words,
        "--think",
        "0",
        "--duration",
        "3s",
        "--slo",
        "p95<10s",
        "--pids",
        String(worker.pid),
      );
      assert.equal(table.exitCode, 0, table.stderr);
      assert.match(table.stdout, /This set-up carries 2 users at p95<10s/);
      assert.match(
        table.stderr,
        /^Measuring http:\S+ with small-team: 2 steps, about 6 s\.\n?$/,
        "no progress bar, no warning",
      );
      const json = await drover(...words, "--think", "0", "--duration", "300ms", "--json");
      const report = JSON.parse(json.stdout) as { steps: unknown[]; kind: string };
      assert.equal(report.kind, "bench");
      assert.equal(report.steps.length, 2);
    } finally {
      await worker.stop();
    }
  });

  it("says what is wrong in one message without a stack trace: 0 users, a target that is down, a full disk", async () => {
    const wrong = await drover("bench", "--url", "http://127.0.0.1:1", "--users", "0");
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /--users: 0 is not between 1 and/);
    const down = await drover("bench", "--url", "http://127.0.0.1:1", "--users", "1");
    assert.equal(down.exitCode, 1);
    assert.match(down.stderr, /no server responds at http:\/\/127\.0\.0\.1:1/);
    assert.doesNotMatch(wrong.stderr + down.stderr, /\n\s+at /);
    const worker = await startFakeWorker({ tokens: 2 });
    try {
      const words = ["bench", "--url", worker.url, "--users", "1", "--warmup", "0", "--duration", "200ms"];
      const full = await drover(...words, "--html", "/dev/full");
      assert.equal(full.exitCode, 1);
      assert.match(full.stderr, /\/dev\/full can't be written: the disk is full/);
      assert.match(full.stdout, /req\/s/, "the table is printed before");
    } finally {
      await worker.stop();
    }
  });

  it("names what a Drover can't serve before it measures, and leaves no folder behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-bench-test-"));
    const options = { reject: false, timeout: COMMAND_LIMIT_MS, env: { TMPDIR: folder } };
    try {
      const missing = await execa(process.execPath, [bin, "bench", "--model", "/nope"], options);
      assert.equal(missing.exitCode, 2);
      assert.match(missing.stderr, /\/nope does not exist/);
      const large = await execa(process.execPath, [bin, "bench", "--ctx", "30000000", "--slots", "64"], options);
      assert.equal(large.exitCode, 2);
      assert.match(large.stderr, /do not fit into memory/);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("sends the key that a server wants: --key, or DROVER_API_KEY without its label", async () => {
    const worker = await startFakeWorker({ tokens: 2 });
    const address = `127.0.0.1:${await freePort()}`;
    const url = `http://${address}`;
    const keys = ["--api-key", "team=a-key-of-the-team"];
    const server = await startChildServer({
      name: "drover balance",
      file: process.execPath,
      args: [bin, "balance", "--listen", address, "--upstream", worker.url, ...keys],
      readyUrl: `${url}/health`,
      readyTimeoutMs: 60_000,
      signal: new AbortController().signal,
    });
    try {
      // By the name that it had before.
      const load = ["--users", "1", "--warmup", "0", "--duration", "3s", "--think", "0", "--least-answers", "1"];
      const words = ["bench", "--url", url, ...load];
      const without = await drover(...words);
      assert.equal(without.exitCode, 1);
      assert.match(without.stderr, /wants another API key \(HTTP 401\); give it with --key or DROVER_API_KEY/);
      const named = await drover(...words, "--key", "a-key-of-the-team");
      assert.equal(named.exitCode, 0, named.stderr);
      const env = { DROVER_API_KEY: "team=a-key-of-the-team" };
      const known = await execa(process.execPath, [bin, ...words], { reject: false, timeout: COMMAND_LIMIT_MS, env });
      assert.equal(known.exitCode, 0, known.stderr);
    } finally {
      await server.stop();
      await worker.stop();
    }
  });

  it("prints what there is on Ctrl-C", async () => {
    const worker = await startFakeWorker({ tokens: 2 });
    try {
      const words = ["bench", "--url", worker.url, "--users", "1,2", "--warmup", "0", "--duration", "60s"];
      const running = execa(process.execPath, [bin, ...words, "--think", "0"], {
        reject: false,
        timeout: COMMAND_LIMIT_MS,
      });
      await until(async () => (await worker.stats()).completed >= 5, "five responses");
      running.kill("SIGINT");
      const { stdout, exitCode } = await running;
      assert.equal(exitCode, 0);
      assert.match(stdout, /The run was interrupted/);
    } finally {
      await worker.stop();
    }
  });
});
